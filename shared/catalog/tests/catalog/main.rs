//! The catalog over the embedded database, over moto, and over a database that fails on purpose.

mod embedded;
mod faults;
mod items;
mod lawful;
mod moto;
mod schema;
mod support;
mod under_faults;
