//! The formats over one rich report: text against committed expectations, JSON names against the contract,
//! CSV read back, and hostile strings kept harmless in all of them.

mod csv;
mod flow;
mod hostile;
mod html;
mod json;
mod sample;
mod text;
