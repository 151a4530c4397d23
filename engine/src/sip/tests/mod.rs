//! Tests of the SIP room.

mod calls;
mod captures;
mod forwarded;
mod joined;
mod media;
mod messages;
mod registrations;
mod stories;
mod untimed;
