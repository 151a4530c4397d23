/* What the C tests of airtone.h share: checks that say where they failed, and packets made by hand. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "airtone.h"

static int failures;

#define CHECK(condition)                                                           \
    do {                                                                           \
        if (!(condition)) {                                                        \
            failures++;                                                            \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
        }                                                                          \
    } while (0)

#define CHECK_STATUS(call, expected)                                                                   \
    do {                                                                                               \
        airtone_status got = (call);                                                                   \
        if (got != (expected)) {                                                                       \
            failures++;                                                                                \
            fprintf(stderr, "%s:%d: %s is %d, not %s\n", __FILE__, __LINE__, #call, (int)got, #expected); \
        }                                                                                              \
    } while (0)

/* IPv4, UDP and RTP headers, and 20 ms of G.711. */
#define RTP_PACKET_LEN (20 + 8 + 12 + 160)

static void put16(uint8_t *to, unsigned value)
{
    to[0] = (uint8_t)(value >> 8);
    to[1] = (uint8_t)value;
}

static void put32(uint8_t *to, uint32_t value)
{
    put16(to, value >> 16);
    put16(to + 2, value & 0xffffu);
}

/* 192.0.2.1:4000 to 192.0.2.2:5000, PCMU, SSRC 0x1a2b3c4d. */
static void make_rtp(uint8_t bytes[RTP_PACKET_LEN], unsigned sequence)
{
    static const uint8_t ip[20] = {0x45, 0, 0, RTP_PACKET_LEN, 0, 0, 0x40, 0, 64, 17, 0, 0,
                                   192,  0, 2, 1,              192, 0, 2, 2};
    memset(bytes, 0xff, RTP_PACKET_LEN);
    memcpy(bytes, ip, sizeof ip);
    put16(bytes + 20, 4000);
    put16(bytes + 22, 5000);
    put16(bytes + 24, RTP_PACKET_LEN - 20);
    put16(bytes + 26, 0);
    bytes[28] = 0x80;
    bytes[29] = 0;
    put16(bytes + 30, sequence);
    put32(bytes + 32, sequence * 160u);
    put32(bytes + 36, 0x1a2b3c4du);
}

/* A packet every 20 ms; link type 228 is raw IPv4. */
static airtone_packet packet_of(const uint8_t *bytes, unsigned frame, unsigned sequence)
{
    airtone_packet packet;
    memset(&packet, 0, sizeof packet);
    packet.frame = frame;
    packet.at_ns = INT64_C(1700000000000000000) + (int64_t)sequence * 20000000;
    packet.data = bytes;
    packet.cap_len = RTP_PACKET_LEN;
    packet.orig_len = RTP_PACKET_LEN;
    packet.link_type = 228;
    return packet;
}

/* True when lent text holds `part`; it is not ended by NUL. */
static int holds(airtone_str text, const char *part)
{
    size_t len = strlen(part);
    for (size_t at = 0; len <= text.len && at <= text.len - len; at++) {
        if (memcmp(text.ptr + at, part, len) == 0)
            return 1;
    }
    return 0;
}

#endif
