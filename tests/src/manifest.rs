//! Compares a report with the truths of a manifest: an expectation tree in the report's own names.
//!
//! * An object names what must be there; other fields of the report are passed over. A key `a+b` is the sum of
//!   two numbers beside each other. `{"min": .., "max": ..}` against a number is a range, both ends allowed.
//! * A list must match in order and length, or by rules: `{"unordered": [..]}` matches in any order,
//!   `{"contains": [..]}` when each of its elements matches another element of the report, `{"each": ..}` when
//!   every element matches, `{"none": ..}` when none does, `{"length": n}`. Several may stand together.
//! * `{"one_of": [..]}` matches when one of them does; a string also matches an object of that `kind`.
//! * Everything else must be equal; `null` means that the field is there and `null`.

use std::fmt;

use serde_json::{Map, Value};

/// One place where a report is not what it should be.
#[derive(Clone, Debug, PartialEq)]
pub struct Mismatch {
    /// Where, e.g. `calls[0].outcome`.
    pub path: String,
    /// The expectation.
    pub expected: Value,
    /// What the report has; `None` where it has nothing.
    pub got: Option<Value>,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}, ", self.path, self.expected)?;
        match &self.got {
            Some(got) => write!(f, "got {}", shortened(got)),
            None => write!(f, "but it is absent"),
        }
    }
}

/// A whole stream or call would bury the line that matters.
fn shortened(value: &Value) -> String {
    const LONGEST: usize = 400;
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

/// Every place where `got` is not as `expected` says; empty when all is well.
#[must_use]
pub fn compare(expected: &Value, got: &Value) -> Vec<Mismatch> {
    let mut out = Vec::new();
    compare_at("", expected, Some(got), &mut out);
    out
}

fn matches(expected: &Value, got: &Value) -> bool {
    compare(expected, got).is_empty()
}

fn compare_at(path: &str, expected: &Value, got: Option<&Value>, out: &mut Vec<Mismatch>) {
    let wrong = || Mismatch { path: path.to_owned(), expected: expected.clone(), got: got.cloned() };
    let Some(actual) = got else { return out.push(wrong()) };
    match (expected, actual) {
        (Value::Object(rule), _) if is_rule(rule, actual) => {
            if !rule_holds(rule, actual) {
                out.push(wrong());
            }
        }
        (Value::Object(fields), Value::Object(actual)) => {
            for (key, expected) in fields {
                let field = field(actual, key);
                compare_at(&join(path, key), expected, field.as_ref(), out);
            }
        }
        (Value::Array(elements), Value::Array(actual)) if elements.len() == actual.len() => {
            for (i, (expected, got)) in elements.iter().zip(actual).enumerate() {
                compare_at(&format!("{path}[{i}]"), expected, Some(got), out);
            }
        }
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => {}
        (Value::String(_), Value::Object(object)) if object.get("kind") == Some(expected) => {}
        _ if expected == actual => {}
        _ => out.push(wrong()),
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// The field `key`, or for `a+b` the sum of the fields.
fn field(object: &Map<String, Value>, key: &str) -> Option<Value> {
    if let Some(value) = object.get(key) {
        return Some(value.clone());
    }
    let mut sum = 0.0;
    if !key.contains('+') {
        return None;
    }
    for part in key.split('+') {
        sum += object.get(part)?.as_f64()?;
    }
    Some(sum.into())
}

/// `min`, `max` and `length` are also names of the report: they make a rule only where a number or a list is
/// compared.
fn is_rule(object: &Map<String, Value>, actual: &Value) -> bool {
    let only = |names: &[&str]| !object.is_empty() && object.keys().all(|k| names.contains(&k.as_str()));
    only(&["one_of"])
        || (!actual.is_object() && only(&["unordered", "contains", "each", "none", "length"]))
        || (!actual.is_object() && only(&["min", "max"]))
}

fn rule_holds(rule: &Map<String, Value>, actual: &Value) -> bool {
    if let Some(options) = rule.get("one_of").and_then(Value::as_array) {
        return options.iter().any(|option| matches(option, actual));
    }
    if let Value::Array(actual) = actual {
        return rule.iter().all(|(name, value)| list_rule_holds(name, value, actual));
    }
    let bound = |name: &str, absent: f64| rule.get(name).map_or(Some(absent), Value::as_f64);
    let (Some(low), Some(high)) = (bound("min", f64::NEG_INFINITY), bound("max", f64::INFINITY)) else {
        return false;
    };
    let ranged = rule.contains_key("min") || rule.contains_key("max");
    ranged && actual.as_f64().is_some_and(|number| (low..=high).contains(&number))
}

fn list_rule_holds(name: &str, value: &Value, actual: &[Value]) -> bool {
    match (name, value) {
        ("unordered", Value::Array(wanted)) => wanted.len() == actual.len() && assigned(wanted, actual),
        ("contains", Value::Array(wanted)) => assigned(wanted, actual),
        ("each", _) => actual.iter().all(|got| matches(value, got)),
        ("none", _) => !actual.iter().any(|got| matches(value, got)),
        ("length", _) => value.as_u64() == u64::try_from(actual.len()).ok(),
        _ => false,
    }
}

/// Whether every wanted element can have a matching element of its own (augmenting paths: the first that
/// matches may be the only one that another needs).
fn assigned(wanted: &[Value], actual: &[Value]) -> bool {
    let mut owner = vec![None; actual.len()];
    (0..wanted.len()).all(|want| take(want, wanted, actual, &mut owner, &mut vec![false; actual.len()]))
}

fn take(
    want: usize,
    wanted: &[Value],
    actual: &[Value],
    owner: &mut [Option<usize>],
    tried: &mut [bool],
) -> bool {
    for i in 0..actual.len() {
        if tried[i] || !matches(&wanted[want], &actual[i]) {
            continue;
        }
        tried[i] = true;
        if owner[i].is_none_or(|other| take(other, wanted, actual, owner, tried)) {
            owner[i] = Some(want);
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn paths(expected: Value, got: Value) -> Vec<String> {
        compare(&expected, &got).into_iter().map(|m| m.path).collect()
    }

    #[test]
    fn fields_that_nobody_asks_for_are_passed_over() {
        assert!(paths(json!({"a": 1}), json!({"a": 1, "b": 2})).is_empty());
        assert!(paths(json!({}), json!({"b": 2})).is_empty());
    }

    #[test]
    fn what_differs_is_named_with_its_path() {
        let expected = json!({"calls": [{"outcome": "busy", "outcome_code": 486}]});
        let got = json!({"calls": [{"outcome": "failed", "outcome_code": 486}]});
        let found = compare(&expected, &got);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].to_string(), r#"calls[0].outcome: expected "busy", got "failed""#);
    }

    #[test]
    fn an_absent_field_is_not_null() {
        assert_eq!(paths(json!({"answer": null}), json!({})), ["answer"]);
        assert!(paths(json!({"answer": null}), json!({"answer": null})).is_empty());
        assert_eq!(paths(json!({"answer": null}), json!({"answer": 1})), ["answer"]);
        let text = compare(&json!({"x": 1}), &json!({}))[0].to_string();
        assert_eq!(text, "x: expected 1, but it is absent");
    }

    #[test]
    fn lists_match_in_order_and_length() {
        assert!(paths(json!([1, 2]), json!([1, 2])).is_empty());
        assert_eq!(paths(json!([1, 2]), json!([2, 1])), ["[0]", "[1]"]);
        assert_eq!(paths(json!({"l": [1]}), json!({"l": [1, 2]})), ["l"]);
        assert_eq!(paths(json!({"l": []}), json!({"l": [1]})), ["l"]);
    }

    #[test]
    fn unordered_lists_match_in_length_only() {
        assert!(paths(json!({"unordered": [1, 2]}), json!([2, 1])).is_empty());
        assert_eq!(paths(json!({"unordered": [1, 1]}), json!([1, 2])).len(), 1);
        assert_eq!(paths(json!({"unordered": [1]}), json!([1, 2])).len(), 1);
    }

    #[test]
    fn contained_elements_match_an_element_each() {
        assert!(paths(json!({"contains": ["hold"]}), json!(["reinvite", "hold"])).is_empty());
        assert_eq!(paths(json!({"contains": ["hold", "hold"]}), json!(["hold"])).len(), 1);
        assert_eq!(paths(json!({"contains": ["hold"]}), json!("hold")).len(), 1);
    }

    #[test]
    fn rules_for_every_element_and_for_their_number() {
        let got = json!([{"k": 1}, {"k": 2}]);
        assert!(
            paths(json!({"length": 2, "contains": [{"k": 2}], "each": {"k": {"min": 1}}}), got.clone())
                .is_empty()
        );
        assert_eq!(paths(json!({"length": 3, "contains": [{"k": 2}]}), got.clone()).len(), 1);
        assert_eq!(paths(json!({"each": {"k": 1}}), got.clone()).len(), 1);
        assert_eq!(paths(json!({"none": {"k": 2}}), got.clone()).len(), 1);
        assert!(paths(json!({"none": {"k": 3}}), got).is_empty());
    }

    #[test]
    fn an_object_goes_by_its_kind() {
        assert!(paths(json!({"contains": ["hold"]}), json!([{"kind": "hold"}])).is_empty());
        assert_eq!(paths(json!({"contains": ["hold"]}), json!([{"kind": "bye"}])).len(), 1);
    }

    #[test]
    fn a_vague_element_leaves_the_exact_one_its_match() {
        let vague_first = json!({"unordered": [{"min": 0}, 1]});
        assert!(paths(vague_first, json!([1, 2])).is_empty());
    }

    #[test]
    fn ranges_include_their_ends() {
        for number in [json!(1), json!(2), json!(1.5)] {
            assert!(paths(json!({"min": 1, "max": 2}), number).is_empty());
        }
        for other in [json!(0.99), json!(2.01), json!(null), json!("1.5")] {
            assert_eq!(paths(json!({"min": 1, "max": 2}), other).len(), 1);
        }
        assert!(paths(json!({"min": 1}), json!(1e9)).is_empty());
        assert_eq!(paths(json!({"min": "1"}), json!(5)).len(), 1);
    }

    #[test]
    fn min_and_max_of_the_report_are_fields() {
        let signal = json!({"min": -20, "max": -20});
        assert!(paths(signal.clone(), json!({"min": -20.0, "mean": -20.0, "max": -20.0})).is_empty());
        assert_eq!(paths(signal, json!({"min": -30.0, "max": -20.0})), ["min"]);
    }

    #[test]
    fn one_of_several_is_enough() {
        let either = json!({"one_of": ["callee", "timeout"]});
        assert!(paths(either.clone(), json!("timeout")).is_empty());
        assert_eq!(paths(either, json!("caller")).len(), 1);
    }

    #[test]
    fn sums_take_fields_beside_each_other() {
        let beacons = json!({"lost": 20, "not_observed": 3});
        assert!(paths(json!({"lost+not_observed": 23}), beacons.clone()).is_empty());
        assert_eq!(paths(json!({"lost+not_observed": 22}), beacons.clone()), ["lost+not_observed"]);
        assert_eq!(paths(json!({"lost+late": 20}), beacons), ["lost+late"]);
    }

    #[test]
    fn whole_and_broken_numbers_are_equal_by_value() {
        assert!(paths(json!(20), json!(20.0)).is_empty());
        assert_eq!(paths(json!(20), json!(20.1)).len(), 1);
        assert_eq!(paths(json!(20), json!("20")).len(), 1);
    }
}
