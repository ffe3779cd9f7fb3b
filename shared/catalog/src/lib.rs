//! Every DynamoDB access of Straightway.
//!
//! [`DynamoCatalog`] implements the ports `Catalog`, `Accounts`, `Limits` and `Requests` of the core. What is where:
//!
//! - [`schema`]: tables, keys, indexes, expiry; the only description of them.
//! - `item`, `write`, `database`, `transact`: attributes, one write, calls that retry, transactions that say which
//!   condition did not hold.
//! - one module a kind of record (`users`, `logins`, `sessions`, `entries`, `files`, ..): how it is written down and
//!   which writes it knows; and one a transaction of the life cycle protocol (`open`, `commit`, `end`, `purge`, `moves`).
//!
//! Three rules hold everywhere. A deciding read is consistent. A write is conditional unless its documentation says
//! that repeating it changes nothing. What makes a repeated call come out right is its conditions, never the
//! idempotency token of a transaction alone: that one is forgotten after ten minutes.

mod commit;
mod database;
mod end;
mod entries;
mod files;
mod folders;
mod item;
mod leaves;
mod limits;
mod logins;
mod moves;
mod open;
mod ports;
mod progress;
mod proofs;
mod purge;
mod requests;
pub mod schema;
mod sessions;
mod tables;
mod traces;
mod transact;
mod users;
mod write;

use aws_sdk_dynamodb::Client;

pub use tables::create_tables;

/// The records, in DynamoDB tables whose names start with a prefix of the deployment's choice.
#[derive(Clone, Debug)]
pub struct DynamoCatalog {
    db: database::Database,
}

impl DynamoCatalog {
    /// The catalog in the tables `<prefix><name>`, which [`create_tables`] or Terraform made.
    pub fn new(client: Client, prefix: impl Into<String>) -> Self {
        Self { db: database::Database::new(client, prefix.into()) }
    }
}
