/* A host in C: layouts, a stream from its packets, a call from observations. */

#include <math.h>

#include "fixtures.h"

#if UINTPTR_MAX == UINT64_MAX
/* The same figures as in cdylib/src/abi/types.rs. */
_Static_assert(sizeof(airtone_config) == 112, "airtone_config");
_Static_assert(offsetof(airtone_config, declared_delay_ms) == 24, "airtone_config");
_Static_assert(offsetof(airtone_config, stream_idle_ns) == 104, "airtone_config");
_Static_assert(sizeof(airtone_packet) == 40, "airtone_packet");
_Static_assert(offsetof(airtone_packet, data) == 16, "airtone_packet");
_Static_assert(offsetof(airtone_packet, link_type) == 36, "airtone_packet");
_Static_assert(sizeof(airtone_observation) == 120, "airtone_observation");
_Static_assert(offsetof(airtone_observation, source_port) == 56, "airtone_observation");
_Static_assert(offsetof(airtone_observation, rtp_payload_type) == 80, "airtone_observation");
_Static_assert(offsetof(airtone_observation, data) == 88, "airtone_observation");
_Static_assert(sizeof(airtone_radio) == 32, "airtone_radio");
_Static_assert(offsetof(airtone_radio, noise_dbm) == 24, "airtone_radio");
_Static_assert(sizeof(airtone_beacon) == 48, "airtone_beacon");
_Static_assert(offsetof(airtone_beacon, bssid) == 32, "airtone_beacon");
_Static_assert(sizeof(airtone_file) == 64, "airtone_file");
_Static_assert(sizeof(airtone_facts) == 40, "airtone_facts");
_Static_assert(offsetof(airtone_facts, beacon_delay_us) == 36, "airtone_facts");
_Static_assert(sizeof(airtone_report_options) == 16, "airtone_report_options");
#endif

/* Numbers are never reused: these are for good. */
_Static_assert(AIRTONE_OK == 0 && AIRTONE_E_NULL == 1 && AIRTONE_E_ARG == 2 && AIRTONE_E_STATE == 3, "status");
_Static_assert(AIRTONE_E_FORMAT == 4 && AIRTONE_E_VERSION == 5 && AIRTONE_E_SMALL == 6, "status");
_Static_assert(AIRTONE_E_PANIC == 99, "status");

static void versions(void)
{
    CHECK(airtone_abi_version() >= AIRTONE_ABI_VERSION);
    CHECK(airtone_abi_min() <= AIRTONE_ABI_VERSION);
    CHECK(airtone_version().len >= strlen("0.0.0"));
    CHECK(holds(airtone_status_text(AIRTONE_E_NULL), "NULL"));
    CHECK(airtone_status_text(12345).len > 0);
}

static void check_report(airtone_engine *engine)
{
    airtone_str json = {NULL, 0}, text = {NULL, 0};
    airtone_report_options compact = {sizeof compact, AIRTONE_REPORT_COMPACT, AIRTONE_VIEW_STREAMS, 0};
    size_t streams = 99;
    CHECK_STATUS(airtone_engine_stream_count(engine, &streams), AIRTONE_OK);
    CHECK(streams == 1);
    CHECK_STATUS(airtone_engine_report(engine, AIRTONE_FORMAT_JSON, &compact, &json), AIRTONE_OK);
    CHECK(holds(json, "\"schema\":\"airtone.report/1\""));
    CHECK(holds(json, "\"ssrc\":\"0x1a2b3c4d\""));
    CHECK(holds(json, "\"packets\":98,\"expected\":100,\"lost\":2,"));
    CHECK_STATUS(airtone_engine_report(engine, AIRTONE_FORMAT_TEXT, NULL, &text), AIRTONE_OK);
    CHECK(holds(text, "192.0.2.1"));
    CHECK_STATUS(airtone_engine_report(engine, AIRTONE_FORMAT_CSV, &compact, &text), AIRTONE_OK);
    CHECK(holds(text, "ssrc"));
    CHECK_STATUS(airtone_engine_report(engine, AIRTONE_FORMAT_JSONL, NULL, &text), AIRTONE_OK);
    CHECK(holds(text, "\"type\":\"stream\""));
    CHECK(airtone_last_error(engine).len == 0);
}

static void check_facts(airtone_engine *engine)
{
    airtone_facts facts = {.size = sizeof facts};
    CHECK_STATUS(airtone_frame_facts(engine, 41, &facts), AIRTONE_OK);
    CHECK(facts.size == sizeof facts);
    CHECK(facts.stream == 1 && facts.call == 0);
    CHECK((facts.flags & (AIRTONE_FACT_RTP | AIRTONE_FACT_DELTA)) == (AIRTONE_FACT_RTP | AIRTONE_FACT_DELTA));
    CHECK((facts.flags & (AIRTONE_FACT_BEACON | AIRTONE_FACT_DUPLICATE)) == 0);
    CHECK(facts.lost_before == 2);
    CHECK(fabsf(facts.delta_ms - 60.0f) < 0.01f);
    CHECK_STATUS(airtone_frame_facts(engine, 12345678, &facts), AIRTONE_OK);
    CHECK(facts.flags == 0 && facts.stream == 0 && facts.lost_before == 0);
}

static void a_stream_with_two_packets_lost(void)
{
    airtone_engine *engine = engine_with(NULL);
    size_t done = 0;
    CHECK_STATUS(airtone_engine_packets(engine, packets, PACKETS, STRIDE, &done), AIRTONE_OK);
    CHECK(done == PACKETS);
    check_facts(engine);
    check_report(engine);
    /* Once more after a reset: nothing of the first time is left. */
    CHECK_STATUS(airtone_engine_reset(engine), AIRTONE_OK);
    CHECK_STATUS(airtone_engine_packets(engine, packets, PACKETS, STRIDE, NULL), AIRTONE_OK);
    check_report(engine);
    airtone_engine_free(engine);
}

/* A host of a later version: its packets are longer, and here packed without regard to alignment. */
static void longer_packets(void)
{
    enum { STEP = sizeof(airtone_packet) + 7 };
    static uint8_t array[PACKETS * STEP + 1];
    airtone_engine *engine = engine_with(NULL);
    memset(array, 0xa5, sizeof array);
    for (size_t i = 0; i < PACKETS; i++)
        memcpy(array + 1 + i * STEP, &packets[i], sizeof packets[i]);
    const void *first = array + 1;
    CHECK_STATUS(airtone_engine_packets(engine, first, PACKETS, STEP, NULL), AIRTONE_OK);
    check_report(engine);
    airtone_engine_free(engine);
}

static const char INVITE[] =
    "INVITE sip:bob@example.org SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"
    "From: <sip:alice@example.org>;tag=a\r\nTo: <sip:bob@example.org>\r\nCall-ID: 1@192.0.2.1\r\n"
    "CSeq: 1 INVITE\r\nContent-Type: application/sdp\r\nContent-Length: 98\r\n\r\n"
    "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\na=ptime:20\r\n";

/* One observation of every kind: a call with one RTP stream, and a beacon. */
static void observations(void)
{
    airtone_engine *engine = engine_with(NULL);
    airtone_observation all[10];
    airtone_radio radio = {.size = sizeof radio, .flags = AIRTONE_RADIO_SIGNAL, .signal_dbm = -40};
    airtone_beacon beacon = {.size = sizeof beacon, .flags = AIRTONE_BEACON_SSID | AIRTONE_BEACON_TSF};
    airtone_facts facts = {.size = sizeof facts};
    airtone_str json;
    size_t done = 0, n = 0;

    all[n] = observation(AIRTONE_OBSERVED_SIP, 1);
    all[n].transport = AIRTONE_TRANSPORT_TLS;
    all[n].data.ptr = (const uint8_t *)INVITE;
    all[n++].data.len = sizeof INVITE - 1;
    for (unsigned i = 0; i < 3; i++) {
        all[n] = observation(AIRTONE_OBSERVED_RTP, 2 + i);
        all[n].flags |= AIRTONE_OBSERVATION_RTP_LEN | (i == 0 ? AIRTONE_OBSERVATION_RTP_MARKER : 0);
        all[n].source_port = 5000;
        all[n].destination_port = 4000;
        memcpy(all[n].destination, all[0].source, 16);
        memcpy(all[n].source, all[0].destination, 16);
        all[n].rtp_ssrc = 7;
        all[n].rtp_sequence = (uint16_t)(10 + i);
        all[n].rtp_timestamp = 160 * i;
        all[n++].rtp_payload_len = 160;
    }
    beacon.tsf_us = 102400;
    beacon.interval_tu = 100;
    beacon.ssid.ptr = (const uint8_t *)"hall";
    beacon.ssid.len = 4;
    memcpy(beacon.bssid, "\2\0\0\0\0\1", 6);
    all[n] = observation(AIRTONE_OBSERVED_BEACON, 5);
    all[n].radio = &radio;
    all[n++].beacon = &beacon;
    all[n++] = observation(AIRTONE_OBSERVED_DATAGRAM, 6);
    all[n++] = observation(AIRTONE_OBSERVED_SEGMENT, 7);
    all[n++] = observation(AIRTONE_OBSERVED_RTCP, 8);
    all[n++] = observation(AIRTONE_OBSERVED_DOT11, 9);

    CHECK_STATUS(airtone_engine_observe(engine, all, n, sizeof all[0], &done), AIRTONE_OK);
    CHECK(done == n);
    CHECK_STATUS(airtone_engine_dropped(engine, 0, all[n - 1].at_ns, 17), AIRTONE_OK);
    CHECK_STATUS(airtone_engine_listening(engine, 0, all[n - 1].at_ns, 2437, 20), AIRTONE_OK);
    CHECK_STATUS(airtone_engine_listening(engine, 0, all[n - 1].at_ns, 0, 0), AIRTONE_OK);
    CHECK_STATUS(airtone_frame_facts(engine, 1, &facts), AIRTONE_OK);
    CHECK(facts.call == 1);
    CHECK_STATUS(airtone_frame_facts(engine, 4, &facts), AIRTONE_OK);
    CHECK(facts.call == 1 && facts.stream == 1 && (facts.flags & AIRTONE_FACT_RTP) != 0);
    CHECK_STATUS(airtone_frame_facts(engine, 5, &facts), AIRTONE_OK);
    CHECK((facts.flags & AIRTONE_FACT_BEACON) != 0 && facts.bss == 0);

    airtone_str warning = {"damaged at byte 7", 17};
    airtone_str missing = {"rtp.marker", 10};
    airtone_file file = {{"a.pcap", 6}, {"pcap", 4}, 9, 1234, &warning, 1};
    CHECK_STATUS(airtone_engine_source(engine, &file, 1, sizeof file, &missing, 1), AIRTONE_OK);
    airtone_report_options compact = {sizeof compact, AIRTONE_REPORT_COMPACT, AIRTONE_VIEW_REPORT, 0};
    CHECK_STATUS(airtone_engine_report(engine, AIRTONE_FORMAT_JSON, &compact, &json), AIRTONE_OK);
    CHECK(holds(json, "\"ssid\":\"hall\"") && holds(json, "\"path\":\"a.pcap\""));
    CHECK(holds(json, "damaged at byte 7") && holds(json, "rtp.marker"));
    CHECK(holds(json, "\"dropped_by_sensor\":17") && holds(json, "1@192.0.2.1"));
    airtone_engine_free(engine);
}

int main(void)
{
    make_packets();
    versions();
    a_stream_with_two_packets_lost();
    longer_packets();
    observations();
    if (failures == 0)
        puts("all as the header says");
    return failures != 0;
}
