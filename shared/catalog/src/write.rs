//! One write: what is done to one item, and the condition under which.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure as OnFailure, TransactWriteItem,
    Update,
};

use crate::item::Item;
use crate::schema::Table;

/// A write of one item. In expressions every attribute is written `#name`: many of our names are reserved words.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub(crate) table: &'static Table,
    pub(crate) action: Action,
    pub(crate) condition: Option<String>,
    pub(crate) values: HashMap<String, AttributeValue>,
}

/// What a write does.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// Puts the whole item.
    Put(Item),
    /// Changes some attributes of the item with this key.
    Update(Item, String),
    /// Deletes the item with this key.
    Delete(Item),
    /// Only checks the condition of the item with this key.
    Check(Item),
}

impl Write {
    /// Puts `item`.
    pub(crate) fn put(table: &'static Table, item: Item) -> Self {
        Self::new(table, Action::Put(item))
    }

    /// Puts `item` where none is.
    pub(crate) fn put_new(table: &'static Table, item: Item) -> Self {
        Self::put(table, item).only_if_absent()
    }

    /// Changes the item with this key.
    pub(crate) fn update(table: &'static Table, key: Item, expression: impl Into<String>) -> Self {
        Self::new(table, Action::Update(key, expression.into()))
    }

    /// Deletes the item with this key.
    pub(crate) fn delete(table: &'static Table, key: Item) -> Self {
        Self::new(table, Action::Delete(key))
    }

    /// Checks the item with this key. Only in a transaction.
    pub(crate) fn check(table: &'static Table, key: Item) -> Self {
        Self::new(table, Action::Check(key))
    }

    fn new(table: &'static Table, action: Action) -> Self {
        Self { table, action, condition: None, values: HashMap::new() }
    }

    /// Adds a condition; all of them must hold.
    pub(crate) fn only_if(mut self, condition: &str) -> Self {
        self.condition = Some(match self.condition {
            None => condition.to_owned(),
            Some(before) => format!("({before}) AND ({condition})"),
        });
        self
    }

    /// The item must be there.
    pub(crate) fn only_if_there(self) -> Self {
        let hash = self.table.key.hash.name;
        self.only_if(&format!("attribute_exists(#{hash})"))
    }

    /// The item must not be there.
    pub(crate) fn only_if_absent(self) -> Self {
        let hash = self.table.key.hash.name;
        self.only_if(&format!("attribute_not_exists(#{hash})"))
    }

    /// Gives the value that `name` (with its colon) stands for.
    pub(crate) fn value(mut self, name: impl Into<String>, value: AttributeValue) -> Self {
        self.values.insert(name.into(), value);
        self
    }

    /// The attribute names behind the `#name`s of both expressions.
    pub(crate) fn names(&self) -> Option<HashMap<String, String>> {
        let update = match &self.action {
            Action::Update(_, expression) => expression,
            _ => "",
        };
        let condition = self.condition.as_deref().unwrap_or_default();
        let names: HashMap<_, _> =
            [update, condition].into_iter().flat_map(placeholders).map(|n| (format!("#{n}"), n.to_owned())).collect();
        (!names.is_empty()).then_some(names)
    }

    /// The values, as the SDK wants them.
    pub(crate) fn given_values(&self) -> Option<HashMap<String, AttributeValue>> {
        (!self.values.is_empty()).then(|| self.values.clone())
    }

    /// The table and the key, as text: what a transaction may name only once.
    pub(crate) fn target(&self) -> String {
        let (Action::Put(item) | Action::Update(item, _) | Action::Delete(item) | Action::Check(item)) = &self.action;
        let key = &self.table.key;
        let of = |name| format!("{:?}", item.get(name));
        format!("{}/{}/{}", self.table.name, of(key.hash.name), key.range.map_or(String::new(), |r| of(r.name)))
    }

    /// The same as an action of a transaction.
    pub(crate) fn into_action(self, prefix: &str) -> TransactWriteItem {
        let table = format!("{prefix}{}", self.table.name);
        let (names, values) = (self.names(), self.given_values());
        let action = TransactWriteItem::builder();
        match self.action {
            Action::Put(item) => action.put(
                Put::builder()
                    .table_name(table)
                    .set_item(Some(item))
                    .set_condition_expression(self.condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(OnFailure::AllOld)
                    .build()
                    .expect("table and item are set"),
            ),
            Action::Update(key, expression) => action.update(
                Update::builder()
                    .table_name(table)
                    .set_key(Some(key))
                    .update_expression(expression)
                    .set_condition_expression(self.condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(OnFailure::AllOld)
                    .build()
                    .expect("table, key and expression are set"),
            ),
            Action::Delete(key) => action.delete(
                Delete::builder()
                    .table_name(table)
                    .set_key(Some(key))
                    .set_condition_expression(self.condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(OnFailure::AllOld)
                    .build()
                    .expect("table and key are set"),
            ),
            Action::Check(key) => action.condition_check(
                ConditionCheck::builder()
                    .table_name(table)
                    .set_key(Some(key))
                    .set_condition_expression(self.condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(OnFailure::AllOld)
                    .build()
                    .expect("table and key are set, and a check has a condition"),
            ),
        }
        .build()
    }
}

/// The words that follow a `#`.
fn placeholders(expression: &str) -> impl Iterator<Item = &str> {
    expression.split('#').skip(1).map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        &rest[..end]
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::{id_key, number, pair_key};
    use crate::schema::{SESSIONS, USERS};

    #[test]
    fn every_placeholder_gets_its_name() {
        let write = Write::update(&USERS, id_key("u"), "SET #used_bytes = #used_bytes + :n REMOVE #due_at,#1")
            .only_if("attribute_exists(#id) AND #state IN (:a,:b)")
            .value(":n", number(1));

        let mut names: Vec<_> = write.names().unwrap().into_iter().collect();
        names.sort();

        let expected = ["1", "due_at", "id", "state", "used_bytes"].map(|n| (format!("#{n}"), n.to_owned()));
        assert_eq!(names, expected);
    }

    #[test]
    fn conditions_add_up() {
        let write = Write::delete(&SESSIONS, pair_key("a", "b")).only_if("#n = :a OR #n = :b").only_if_there();
        assert_eq!(write.condition.unwrap(), "(#n = :a OR #n = :b) AND (attribute_exists(#pk))");
    }

    #[test]
    fn a_target_is_a_table_and_a_key_whatever_is_done_to_it() {
        let key = || pair_key("a", "b");
        let put = Write::put(&SESSIONS, key()).target();
        assert_eq!(put, Write::delete(&SESSIONS, key()).target());
        assert_ne!(put, Write::delete(&SESSIONS, pair_key("a", "c")).target());
    }
}
