//! The model's enumerations by the names that the contract gives them.

use serde::Serialize;

/// The name that serde writes for a unit variant, e.g. `no_answer`.
pub(crate) fn name<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

/// The same for people: `no answer`.
pub(crate) fn words<T: Serialize>(value: &T) -> String {
    name(value).replace('_', " ")
}
