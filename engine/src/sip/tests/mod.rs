//! Tests of the SIP room.

mod calls;
mod captures;
mod media;
mod messages;
mod registrations;
mod untimed;
