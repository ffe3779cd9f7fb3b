use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::{Client, Config};
use secrecy::ExposeSecret;
use straightway_local::{REGION, StackKeys, TABLE_PREFIX};

use crate::TestClock;

/// The records as they stand in the tables, read past the catalog: what a test believes must not come from the code
/// that it judges.
pub struct Records {
    config: Config,
}

/// One item of a table.
#[derive(Clone, Debug)]
pub struct Record(HashMap<String, AttributeValue>);

impl Record {
    /// The text `name`; empty when there is none.
    pub fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(|value| value.as_s().ok()).map_or("", String::as_str)
    }

    /// The number `name`; 0 when there is none.
    ///
    /// # Panics
    /// When it is negative.
    pub fn number(&self, name: &str) -> u64 {
        let number = self.0.get(name).and_then(|value| value.as_n().ok());
        number.map_or(0, |number| number.parse().unwrap_or_else(|_| panic!("{name} is {number}")))
    }

    /// Whether it has an attribute.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}

impl Records {
    pub(crate) fn new(address: SocketAddr, keys: &StackKeys, clock: Arc<TestClock>) -> Self {
        let secret = keys.secret_access_key.expose_secret();
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .credentials_provider(Credentials::new(&keys.access_key_id, secret, None, None, "stack"))
            .endpoint_url(format!("http://{address}"))
            .time_source(SharedClock(clock))
            .build();
        Self { config }
    }

    /// Every item of a table, `garbage` for example.
    ///
    /// # Panics
    /// When it cannot be read.
    pub async fn all(&self, table: &str) -> Vec<Record> {
        let (mut records, mut from) = (Vec::new(), None);
        loop {
            // A new client each time: from the first answer's date on it would no longer believe the test's clock.
            let client = Client::from_conf(self.config.clone());
            let scan = client.scan().table_name(format!("{TABLE_PREFIX}{table}")).consistent_read(true);
            let page = scan.set_exclusive_start_key(from).send().await.expect("the table can be read");
            records.extend(page.items.unwrap_or_default().into_iter().map(Record));
            from = page.last_evaluated_key;
            if from.is_none() {
                return records;
            }
        }
    }

    /// Overwrites a number, so that something is wrong.
    #[cfg(test)]
    pub(crate) async fn set_number(&self, table: &str, id: &str, name: &str, number: u64) {
        let update = Client::from_conf(self.config.clone()).update_item().table_name(format!("{TABLE_PREFIX}{table}"));
        let update = update.key("id", AttributeValue::S(id.to_owned())).update_expression("SET #name = :number");
        let update = update.expression_attribute_names("#name", name);
        let update = update.expression_attribute_values(":number", AttributeValue::N(number.to_string()));
        update.send().await.expect("the record can be changed");
    }

    /// The object keys that are garbage.
    pub async fn garbage(&self) -> Vec<String> {
        self.all("garbage").await.iter().map(|record| record.text("id").to_owned()).collect()
    }

    /// The record of a file: `<hash>-<size>`.
    pub async fn file(&self, key: &str) -> Option<Record> {
        self.all("files").await.into_iter().find(|record| record.text("id") == key)
    }

    /// References to a file; 0 also when there is none.
    pub async fn refs(&self, key: &str) -> u64 {
        self.file(key).await.map_or(0, |file| file.number("refs"))
    }
}

#[derive(Debug)]
struct SharedClock(Arc<TestClock>);

impl aws_smithy_async::time::TimeSource for SharedClock {
    fn now(&self) -> std::time::SystemTime {
        aws_smithy_async::time::TimeSource::now(&*self.0)
    }
}
