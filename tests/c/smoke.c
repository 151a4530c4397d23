/* A host in C: layouts, a call from its packets, and everything that a host can do wrong. */

#include <math.h>
#include <stdlib.h>

#include "check.h"

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

#define PACKETS 98
#define STRIDE sizeof(airtone_packet)

static uint8_t bytes[PACKETS][RTP_PACKET_LEN];
static airtone_packet packets[PACKETS];

/* Sequence numbers 1 to 100 less 41 and 42. */
static void make_packets(void)
{
    for (unsigned i = 0; i < PACKETS; i++) {
        unsigned sequence = i < 40 ? i + 1 : i + 3;
        make_rtp(bytes[i], sequence);
        packets[i] = packet_of(bytes[i], i + 1, sequence);
    }
}

static airtone_engine *engine_with(const airtone_config *config)
{
    airtone_engine *engine = NULL;
    CHECK_STATUS(airtone_engine_new(config, &engine), AIRTONE_OK);
    if (engine == NULL)
        exit(1);
    return engine;
}

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

static airtone_observation observation(uint32_t kind, unsigned frame)
{
    airtone_observation one;
    memset(&one, 0, sizeof one);
    one.frame = frame;
    one.at_ns = INT64_C(1700000000000000000) + (int64_t)frame * 20000000;
    one.kind = kind;
    one.flags = AIRTONE_OBSERVATION_SOURCE | AIRTONE_OBSERVATION_DESTINATION;
    memcpy(one.source, "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\1", 16);
    memcpy(one.destination, "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\2", 16);
    one.source_port = one.destination_port = 5060;
    return one;
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
    versions();
    a_stream_with_two_packets_lost();
    longer_packets();
    observations();
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
