//! Tests of the whole room: rules on made-up streams, random streams against a naive model, real captures,
//! and Wireshark's figures against tshark.

mod captures;
mod compat;
mod mos;
mod random;
mod real;
mod rules;
mod sender;
mod signalling;
mod speed;
mod untimed;
