/* What a host sees of a defect of the library: one status, then a handle that only says so and can be freed. */

#include "check.h"

/* Only the library of the tests has it: panics as a defect would. */
airtone_status airtone_test_panic(airtone_engine *engine);

static void only_says_so(airtone_engine *engine, const airtone_packet *packet)
{
    airtone_str out = {"x", 1};
    airtone_facts facts = {.size = sizeof facts};
    size_t n = 5;
    CHECK_STATUS(airtone_test_panic(engine), AIRTONE_E_STATE);
    CHECK_STATUS(airtone_engine_configure(engine, NULL), AIRTONE_E_STATE);
    CHECK_STATUS(airtone_engine_reset(engine), AIRTONE_E_STATE);
    CHECK_STATUS(airtone_engine_packets(engine, packet, 1, sizeof *packet, &n), AIRTONE_E_STATE);
    CHECK(n == 0);
    CHECK_STATUS(airtone_engine_observe(engine, NULL, 0, 0, NULL), AIRTONE_E_STATE);
    CHECK_STATUS(airtone_engine_dropped(engine, 0, 0, 1), AIRTONE_E_STATE);
    CHECK_STATUS(airtone_engine_listening(engine, 0, 0, 2437, 20), AIRTONE_E_STATE);
    CHECK_STATUS(airtone_engine_source(engine, NULL, 0, 0, NULL, 0), AIRTONE_E_STATE);
    CHECK_STATUS(airtone_frame_facts(engine, 1, &facts), AIRTONE_E_STATE);
    CHECK_STATUS(airtone_engine_stream_count(engine, &n), AIRTONE_E_STATE);
    CHECK_STATUS(airtone_engine_report(engine, AIRTONE_FORMAT_JSON, NULL, &out), AIRTONE_E_STATE);
    CHECK(out.ptr == NULL && out.len == 0);
    CHECK(holds(airtone_last_error(engine), "as the test wishes"));
}

int main(void)
{
    static uint8_t bytes[RTP_PACKET_LEN];
    airtone_engine *engine = NULL, *other = NULL;
    make_rtp(bytes, 1);
    airtone_packet packet = packet_of(bytes, 1, 1);
    CHECK_STATUS(airtone_engine_new(NULL, &engine), AIRTONE_OK);
    CHECK_STATUS(airtone_engine_new(NULL, &other), AIRTONE_OK);
    CHECK_STATUS(airtone_engine_packets(engine, &packet, 1, sizeof packet, NULL), AIRTONE_OK);
    CHECK_STATUS(airtone_test_panic(NULL), AIRTONE_E_NULL);
    CHECK_STATUS(airtone_test_panic(engine), AIRTONE_E_PANIC);
    only_says_so(engine, &packet);
    airtone_engine_free(engine);
    /* Handles share nothing: another one goes on. */
    CHECK_STATUS(airtone_engine_packets(other, &packet, 1, sizeof packet, NULL), AIRTONE_OK);
    airtone_engine_free(other);
    if (failures == 0)
        puts("all as the header says");
    return failures != 0;
}
