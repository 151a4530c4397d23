//! Tests of the SIP room.

mod captures;
