/* Everything that a host can do wrong, and what it hears. */

#include <math.h>

#include "fixtures.h"

static void refused_observations(void)
{
    airtone_engine *engine = engine_with(NULL);
    airtone_observation two[2] = {observation(AIRTONE_OBSERVED_RTCP, 1), observation(99, 2)};
    airtone_beacon beacon = {.size = 4};
    const size_t stride = sizeof two[0];
    size_t done = 77;
    CHECK_STATUS(airtone_engine_observe(engine, two, 2, stride, &done), AIRTONE_E_ARG);
    CHECK(done == 1);
    CHECK(holds(airtone_last_error(engine), "element 1"));
    two[1] = observation(AIRTONE_OBSERVED_BEACON, 2);
    CHECK_STATUS(airtone_engine_observe(engine, two + 1, 1, stride, &done), AIRTONE_E_NULL);
    CHECK(done == 0);
    two[1].beacon = &beacon;
    CHECK_STATUS(airtone_engine_observe(engine, two + 1, 1, stride, NULL), AIRTONE_E_SMALL);
    beacon.size = sizeof beacon;
    beacon.flags = 0x8000;
    CHECK_STATUS(airtone_engine_observe(engine, two + 1, 1, stride, NULL), AIRTONE_E_VERSION);
    beacon.flags = AIRTONE_BEACON_SSID;
    beacon.ssid.len = 4;
    CHECK_STATUS(airtone_engine_observe(engine, two + 1, 1, stride, NULL), AIRTONE_E_NULL);
    two[1] = observation(AIRTONE_OBSERVED_SIP, 2);
    CHECK_STATUS(airtone_engine_observe(engine, two + 1, 1, stride, NULL), AIRTONE_E_ARG);
    two[1] = observation(AIRTONE_OBSERVED_RTP, 2);
    two[1].rtp_payload_type = 128;
    CHECK_STATUS(airtone_engine_observe(engine, two + 1, 1, stride, NULL), AIRTONE_E_ARG);
    two[1].flags = 0x80000000u;
    CHECK_STATUS(airtone_engine_observe(engine, two + 1, 1, stride, NULL), AIRTONE_E_VERSION);
    CHECK_STATUS(airtone_engine_observe(engine, two, 1, stride - 1, NULL), AIRTONE_E_SMALL);
    CHECK_STATUS(airtone_engine_observe(engine, NULL, 1, stride, NULL), AIRTONE_E_NULL);
    airtone_engine_free(engine);
}

static void null_handles(void)
{
    airtone_str out = {"x", 1};
    airtone_facts facts = {.size = sizeof facts};
    size_t n = 5;
    CHECK_STATUS(airtone_engine_new(NULL, NULL), AIRTONE_E_NULL);
    CHECK_STATUS(airtone_engine_configure(NULL, NULL), AIRTONE_E_NULL);
    CHECK_STATUS(airtone_engine_reset(NULL), AIRTONE_E_NULL);
    CHECK_STATUS(airtone_engine_packets(NULL, packets, 1, STRIDE, &n), AIRTONE_E_NULL);
    CHECK(n == 0);
    CHECK_STATUS(airtone_engine_observe(NULL, NULL, 0, 0, NULL), AIRTONE_E_NULL);
    CHECK_STATUS(airtone_engine_dropped(NULL, 0, 0, 1), AIRTONE_E_NULL);
    CHECK_STATUS(airtone_engine_listening(NULL, 0, 0, 2437, 20), AIRTONE_E_NULL);
    CHECK_STATUS(airtone_engine_source(NULL, NULL, 0, 0, NULL, 0), AIRTONE_E_NULL);
    CHECK_STATUS(airtone_frame_facts(NULL, 1, &facts), AIRTONE_E_NULL);
    CHECK_STATUS(airtone_engine_stream_count(NULL, &n), AIRTONE_E_NULL);
    CHECK_STATUS(airtone_engine_report(NULL, AIRTONE_FORMAT_JSON, NULL, &out), AIRTONE_E_NULL);
    CHECK(out.ptr == NULL && out.len == 0);
    CHECK(holds(airtone_last_error(NULL), "NULL"));
    airtone_engine_free(NULL);
}

static void refused_packets(void)
{
    airtone_engine *engine = engine_with(NULL);
    airtone_packet three[3] = {packets[0], packets[1], packets[2]};
    size_t done = 77;
    CHECK_STATUS(airtone_engine_packets(engine, NULL, 0, 0, &done), AIRTONE_OK);
    CHECK(done == 0);
    CHECK_STATUS(airtone_engine_packets(engine, NULL, 1, STRIDE, &done), AIRTONE_E_NULL);
    CHECK(airtone_last_error(engine).len > 0);
    CHECK_STATUS(airtone_engine_packets(engine, three, 3, STRIDE - 1, &done), AIRTONE_E_SMALL);
    CHECK_STATUS(airtone_engine_packets(engine, three, SIZE_MAX, STRIDE, &done), AIRTONE_E_ARG);
    CHECK(done == 0);
    three[1].frame = 0;
    CHECK_STATUS(airtone_engine_packets(engine, three, 3, STRIDE, &done), AIRTONE_E_ARG);
    CHECK(done == 1);
    three[1].frame = 2;
    three[1].link_type = 65536;
    CHECK_STATUS(airtone_engine_packets(engine, three + 1, 2, STRIDE, &done), AIRTONE_E_ARG);
    three[1].link_type = 228;
    three[1].data = NULL;
    CHECK_STATUS(airtone_engine_packets(engine, three + 1, 2, STRIDE, &done), AIRTONE_E_NULL);
    /* Cut to nothing, of an unknown link type, without a time: all that is no error. */
    three[1].cap_len = 0;
    three[2].link_type = 147;
    three[2].at_ns = AIRTONE_TIME_UNKNOWN;
    CHECK_STATUS(airtone_engine_packets(engine, three + 1, 2, STRIDE, &done), AIRTONE_OK);
    CHECK(done == 2 && airtone_last_error(engine).len == 0);
    airtone_engine_free(engine);
}

static airtone_status try_config(const void *config)
{
    airtone_engine *engine = (airtone_engine *)&failures;
    airtone_status status = airtone_engine_new(config, &engine);
    CHECK((engine != NULL) == (status == AIRTONE_OK));
    airtone_engine_free(engine);
    return status;
}

static void configs(void)
{
    airtone_config config = {.size = sizeof config, .flags = AIRTONE_CONFIG_DELAY, .declared_delay_ms = 80};
    struct {
        airtone_config known;
        uint64_t tail;
    } longer = {{.size = sizeof longer}, 0};
    CHECK_STATUS(try_config(&config), AIRTONE_OK);
    CHECK_STATUS(try_config(&longer), AIRTONE_OK);
    longer.tail = 1;
    CHECK_STATUS(try_config(&longer), AIRTONE_E_VERSION);
    /* The first fields of a config, from a host that knows no more: on the heap, so that a read beyond them shows. */
    uint32_t *shorter = calloc(4, sizeof *shorter);
    shorter[0] = 16;
    shorter[2] = AIRTONE_BUFFER_NONE;
    CHECK_STATUS(try_config(shorter), AIRTONE_OK);
    shorter[0] = 4;
    CHECK_STATUS(try_config(shorter), AIRTONE_E_SMALL);
    shorter[0] = 12;
    CHECK_STATUS(try_config(shorter), AIRTONE_E_ARG);
    shorter[0] = UINT32_MAX;
    CHECK_STATUS(try_config(shorter), AIRTONE_E_ARG);
    free(shorter);
    config.declared_delay_ms = NAN;
    CHECK_STATUS(try_config(&config), AIRTONE_E_ARG);
    config.flags = 0x10;
    CHECK_STATUS(try_config(&config), AIRTONE_E_VERSION);
    config = (airtone_config){.size = sizeof config, .buffer_kind = AIRTONE_BUFFER_FIXED, .buffer_ms = 1001};
    CHECK_STATUS(try_config(&config), AIRTONE_E_ARG);
    config = (airtone_config){.size = sizeof config, .buffer_kind = 17};
    CHECK_STATUS(try_config(&config), AIRTONE_E_ARG);
    config = (airtone_config){.size = sizeof config, .compat = 17};
    CHECK_STATUS(try_config(&config), AIRTONE_E_ARG);
    config = (airtone_config){.size = sizeof config, .stream_idle_ns = UINT64_MAX};
    CHECK_STATUS(try_config(&config), AIRTONE_E_ARG);
}

static void configure_twice(void)
{
    airtone_engine *engine = engine_with(NULL);
    airtone_config compat = {.size = sizeof compat, .compat = AIRTONE_COMPAT_WIRESHARK_4_0};
    airtone_config wrong = {.size = sizeof wrong, .compat = 17};
    airtone_str json;
    CHECK_STATUS(airtone_engine_configure(engine, NULL), AIRTONE_OK);
    CHECK_STATUS(airtone_engine_configure(engine, &compat), AIRTONE_OK);
    CHECK_STATUS(airtone_engine_configure(engine, &wrong), AIRTONE_E_ARG);
    CHECK(holds(airtone_last_error(engine), "compat"));
    CHECK_STATUS(airtone_engine_packets(engine, packets, PACKETS, STRIDE, NULL), AIRTONE_OK);
    CHECK_STATUS(airtone_engine_configure(engine, NULL), AIRTONE_E_STATE);
    /* The refused settings changed nothing: Wireshark's figures are there. */
    CHECK_STATUS(airtone_engine_report(engine, AIRTONE_FORMAT_JSON, NULL, &json), AIRTONE_OK);
    CHECK(holds(json, "\"version\": \"4.0\""));
    CHECK_STATUS(airtone_engine_reset(engine), AIRTONE_OK);
    CHECK_STATUS(airtone_engine_configure(engine, NULL), AIRTONE_OK);
    airtone_engine_free(engine);
}

static void refused_answers(void)
{
    airtone_engine *engine = engine_with(NULL);
    airtone_facts small = {.size = sizeof small - 4};
    struct {
        airtone_facts known;
        uint64_t tail;
    } longer = {{.size = sizeof longer}, UINT64_MAX};
    airtone_report_options options = {sizeof options, 0, AIRTONE_VIEW_CALLS, 0};
    airtone_str out;
    CHECK_STATUS(airtone_frame_facts(engine, 1, NULL), AIRTONE_E_NULL);
    CHECK_STATUS(airtone_frame_facts(engine, 1, &small), AIRTONE_E_SMALL);
    CHECK_STATUS(airtone_frame_facts(engine, 1, &longer.known), AIRTONE_OK);
    CHECK(longer.tail == 0);
    CHECK_STATUS(airtone_engine_stream_count(engine, NULL), AIRTONE_E_NULL);
    CHECK_STATUS(airtone_engine_report(engine, AIRTONE_FORMAT_JSON, NULL, NULL), AIRTONE_E_NULL);
    CHECK_STATUS(airtone_engine_report(engine, 0, NULL, &out), AIRTONE_E_ARG);
    CHECK(out.ptr == NULL && out.len == 0);
    CHECK_STATUS(airtone_engine_report(engine, AIRTONE_FORMAT_JSONL, &options, &out), AIRTONE_E_FORMAT);
    options.view = 17;
    CHECK_STATUS(airtone_engine_report(engine, AIRTONE_FORMAT_JSON, &options, &out), AIRTONE_E_ARG);
    options = (airtone_report_options){sizeof options, 0x100, 0, 0};
    CHECK_STATUS(airtone_engine_report(engine, AIRTONE_FORMAT_JSON, &options, &out), AIRTONE_E_VERSION);
    options = (airtone_report_options){sizeof options, 0, 0, 65536};
    CHECK_STATUS(airtone_engine_report(engine, AIRTONE_FORMAT_TEXT, &options, &out), AIRTONE_E_ARG);
    CHECK_STATUS(airtone_engine_source(engine, NULL, 1, sizeof(airtone_file), NULL, 0), AIRTONE_E_NULL);
    CHECK_STATUS(airtone_engine_source(engine, NULL, 0, 0, NULL, 1), AIRTONE_E_NULL);
    airtone_engine_free(engine);
}

int main(void)
{
    make_packets();
    refused_observations();
    null_handles();
    refused_packets();
    configs();
    configure_twice();
    refused_answers();
    if (failures == 0)
        puts("all as the header says");
    return failures != 0;
}
