//! Comparing a report with what is known about a capture.
//!
//! An expectation is JSON in the report's own names; what it does not name is not compared. Numbers may be
//! `{"min": 1, "max": 2}`. A list may be written as a list (same length, same order) or as an object with
//! any of `length`, `unordered`, `some` (each is matched by a different item), `each`, `none`, and
//! `contains` for lists of names (objects count by their `kind`).

use serde_json::{Map, Value};

/// Every difference, as `path: expected, got`.
#[must_use]
pub fn differences(expected: &Value, got: &Value) -> Vec<String> {
    let mut out = Vec::new();
    compare("", expected, got, &mut out);
    out
}

fn compare(path: &str, expected: &Value, got: &Value, out: &mut Vec<String>) {
    match (expected, got) {
        (Value::Object(rules), Value::Array(items)) => list(path, rules, items, out),
        (Value::Object(rules), Value::Number(n)) => range(path, rules, n.as_f64(), out),
        (Value::Object(fields), _) => {
            for (name, value) in fields {
                compare(&format!("{path}.{name}"), value, &got[name], out);
            }
        }
        (Value::Array(expected), Value::Array(items)) => {
            length(path, expected.len(), items.len(), out);
            for (n, (value, item)) in expected.iter().zip(items).enumerate() {
                compare(&format!("{path}[{n}]"), value, item, out);
            }
        }
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => {}
        _ if expected == got => {}
        _ => out.push(format!("{path}: expected {expected}, got {got}")),
    }
}

fn range(path: &str, rules: &Map<String, Value>, got: Option<f64>, out: &mut Vec<String>) {
    let bound = |name: &str, fallback: f64| rules.get(name).and_then(Value::as_f64).unwrap_or(fallback);
    let (min, max) = (bound("min", f64::NEG_INFINITY), bound("max", f64::INFINITY));
    if !got.is_some_and(|v| (min..=max).contains(&v)) {
        out.push(format!("{path}: expected {min}..={max}, got {got:?}"));
    }
}

fn length(path: &str, expected: usize, got: usize, out: &mut Vec<String>) {
    if expected != got {
        out.push(format!("{path}: expected {expected} items, got {got}"));
    }
}

fn list(path: &str, rules: &Map<String, Value>, items: &[Value], out: &mut Vec<String>) {
    for (rule, value) in rules {
        match (rule.as_str(), value) {
            ("length", _) => length(path, value.as_u64().unwrap_or(u64::MAX) as usize, items.len(), out),
            ("unordered", Value::Array(expected)) => {
                length(path, expected.len(), items.len(), out);
                assign(path, expected, items, out);
            }
            ("some", Value::Array(expected)) => assign(path, expected, items, out),
            ("each", _) => {
                items.iter().enumerate().for_each(|(n, i)| compare(&format!("{path}[{n}]"), value, i, out));
            }
            ("none", _) => {
                let bad = items.iter().filter(|i| differences(value, i).is_empty());
                out.extend(bad.map(|i| format!("{path}: expected none like {value}, got {i}")));
            }
            ("contains", Value::Array(names)) => contains(path, names, items, out),
            _ => out.push(format!("{path}: the rule {rule} is not known")),
        }
    }
}

fn contains(path: &str, names: &[Value], items: &[Value], out: &mut Vec<String>) {
    let held: Vec<&Value> = items.iter().map(|i| i.get("kind").unwrap_or(i)).collect();
    let absent = names.iter().filter(|n| !held.contains(n));
    out.extend(absent.map(|n| format!("{path}: {n} is not in {held:?}")));
}

/// Each expectation takes the first free item that fits.
fn assign(path: &str, expected: &[Value], items: &[Value], out: &mut Vec<String>) {
    let mut free: Vec<&Value> = items.iter().collect();
    for value in expected {
        match free.iter().position(|i| differences(value, i).is_empty()) {
            Some(at) => {
                free.remove(at);
            }
            None => {
                let nearest =
                    free.iter().map(|i| differences(value, i)).min_by_key(Vec::len).unwrap_or_default();
                out.push(format!("{path}: nothing fits {value}; nearest: {}", nearest.join("; ")));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn n(expected: &Value, got: &Value) -> usize {
        differences(expected, got).len()
    }

    #[test]
    fn only_what_is_named_is_compared() {
        let got = json!({"a": 1, "b": {"c": "x", "d": null}});
        assert_eq!(n(&json!({"a": 1.0, "b": {"d": null}}), &got), 0);
        assert_eq!(n(&json!({"a": 2, "b": {"c": "y"}, "e": 1}), &got), 3);
        assert_eq!(n(&json!({"a": {"min": 1, "max": 2}}), &got), 0);
        assert_eq!(n(&json!({"a": {"min": 2}}), &got), 1);
    }

    #[test]
    fn lists_in_order_and_by_rules() {
        let got = json!([{"k": 1}, {"k": 2}, {"k": 2}]);
        assert_eq!(n(&json!([{"k": 1}, {"k": 2}, {}]), &got), 0);
        assert_eq!(n(&json!([{"k": 1}]), &got), 1);
        assert_eq!(n(&json!({"unordered": [{"k": 2}, {"k": 1}, {"k": 2}], "length": 3}), &got), 0);
        assert_eq!(n(&json!({"some": [{"k": 1}, {"k": 1}]}), &got), 1, "one item serves once");
        assert_eq!(n(&json!({"each": {"k": 2}}), &got), 1);
        assert_eq!(n(&json!({"none": {"k": 3}}), &got), 0);
        assert_eq!(n(&json!({"none": {"k": 2}}), &got), 2);
    }

    #[test]
    fn names_may_be_strings_or_kinds() {
        assert_eq!(n(&json!({"contains": ["a", "z"]}), &json!(["a", "b"])), 1);
        assert_eq!(n(&json!({"contains": ["a"]}), &json!([{"kind": "a"}])), 0);
        assert_eq!(n(&json!({"surprise": 1}), &json!([])), 1);
    }
}
