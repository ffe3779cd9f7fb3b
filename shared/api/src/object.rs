//! JSON objects that are objects: a derived `Deserialize` would also take an array as the fields in their order.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

/// A `T` that is written as a JSON object and as nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members(PhantomData)).map(Self)
    }
}

struct Members<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members))
    }
}

/// For `deserialize_with`: an object or `null`.
pub(crate) fn optional<'de, T: Deserialize<'de>, D: Deserializer<'de>>(field: D) -> Result<Option<T>, D::Error> {
    Ok(Option::<Object<T>>::deserialize(field)?.map(|Object(value)| value))
}

/// For `deserialize_with`: an array of objects.
pub(crate) fn list<'de, T: Deserialize<'de>, D: Deserializer<'de>>(field: D) -> Result<Vec<T>, D::Error> {
    Vec::deserialize(field).map(values)
}

/// For `deserialize_with`: an array of objects or `null`.
pub(crate) fn optional_list<'de, T, D>(field: D) -> Result<Option<Vec<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Ok(Option::deserialize(field)?.map(values))
}

fn values<T>(objects: Vec<Object<T>>) -> Vec<T> {
    objects.into_iter().map(|Object(value)| value).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::uploads::{CreateUpload, PartToSign, SignParts};

    #[test]
    fn an_object_is_read_and_an_array_of_its_fields_is_not() {
        let part: Object<PartToSign> = serde_json::from_value(json!({"part_number": 1})).unwrap();
        assert_eq!(part.0, PartToSign { part_number: 1, leaf_hash: None });
        for wrong in [json!([1, null]), json!([]), json!(null), json!("x"), json!(1)] {
            let error = serde_json::from_value::<Object<PartToSign>>(wrong).unwrap_err().to_string();
            assert!(error.ends_with("expected an object"), "{error}");
        }
    }

    #[test]
    fn no_object_within_a_request_may_be_an_array() {
        let create = |field: &str, value| {
            serde_json::from_value::<CreateUpload>(json!({"name": "a", "size_bytes": 5, field: value}))
        };
        let sign = |value| serde_json::from_value::<SignParts>(json!({"sign": value}));
        assert!(create("parts", json!([{"part_number": 1}])).is_ok());
        assert!(create("proof", json!({"challenge": "c", "mac": "m"})).is_ok());
        assert!(sign(json!([{"part_number": 1}])).is_ok());
        for left_out in ["parts", "proof"] {
            assert!(create(left_out, json!(null)).is_ok());
        }
        let wrong = [
            create("parts", json!([[1, null]])).err(),
            create("proof", json!(["c", "m"])).err(),
            sign(json!([[1, null]])).err(),
        ];
        for error in wrong {
            assert_eq!(error.unwrap().to_string(), "invalid type: sequence, expected an object");
        }
    }
}
