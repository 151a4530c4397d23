/* A stream with two packets lost, an engine, and an observation to begin with. */
#ifndef FIXTURES_H
#define FIXTURES_H

#include "check.h"

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

#endif
