//! What transactions leave behind for others: garbage for the sweeper, events for the outbox.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use straightway_core::{Garbage, OutboxEvent};

use crate::item::{NewItem, due_shard, id_key, text, time};
use crate::schema::{GARBAGE, OUTBOX};
use crate::write::Write;

/// Adds garbage (step 0). Not conditional: what is said of an object key before stays true, so it is added to.
pub(crate) fn put_garbage(garbage: &Garbage) -> Write {
    let key = garbage.object_key.as_str();
    let mut expression = "SET #not_before = :not_before, #due_at = :not_before, #due_shard = :shard".to_owned();
    if garbage.secondary {
        expression += ", #secondary = :secondary";
    }
    if !garbage.multipart_ids.is_empty() {
        expression += " ADD #multipart_ids :multipart_ids";
    }
    let mut write = Write::update(&GARBAGE, id_key(key), expression)
        .value(":not_before", time(garbage.not_before))
        .value(":shard", due_shard(key));
    if garbage.secondary {
        write = write.value(":secondary", AttributeValue::Bool(true));
    }
    if !garbage.multipart_ids.is_empty() {
        // A set with a repeated member is refused.
        let ids: BTreeSet<String> = garbage.multipart_ids.iter().map(ToString::to_string).collect();
        write = write.value(":multipart_ids", AttributeValue::Ss(ids.into_iter().collect()));
    }
    write
}

/// Puts an event that is not there; due from now on.
pub(crate) fn put_event(event: &OutboxEvent) -> Write {
    let item = NewItem::new(id_key(&event.id))
        .with("type", text(event.kind))
        .with("owner_id", text(&event.owner_id))
        .with("occurred_at", time(event.occurred_at))
        .with("data", text(&event.data))
        .due(event.id.as_str(), event.occurred_at)
        .build();
    Write::put_new(&OUTBOX, item)
}
