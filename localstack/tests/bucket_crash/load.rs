//! Uploads without end, written down before they are tried and again when they were acknowledged.

use std::collections::HashMap;
use std::net::SocketAddr;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};

use super::server::{BUCKET, KEY_ID, REGION, SECRET};

const PART: usize = 5 * 1024 * 1024;

/// What may be under a key after a crash: the version that was acknowledged last, or the one that was under way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expected {
    pub(crate) acknowledged: Version,
    pub(crate) attempted: Option<Version>,
}

/// One state of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Version {
    #[default]
    Absent,
    Stored {
        seed: u64,
        size: usize,
    },
}

/// Parts that were acknowledged.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parts {
    pub(crate) key: String,
    pub(crate) numbers: Vec<i32>,
    pub(crate) completing: bool,
}

/// Everything that was tried and told.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) objects: HashMap<String, Expected>,
    pub(crate) uploads: HashMap<String, Parts>,
}

/// Bytes that only `seed` gives.
pub(crate) fn bytes(seed: u64, size: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}

/// Uploads until the server is gone.
pub(crate) async fn upload(address: SocketAddr, round: u32, ledger: Ledger) -> Ledger {
    let client = client(address);
    let (known, uploads) = (ledger.objects, ledger.uploads);
    let hot = known.get("hot").cloned().unwrap_or_default();
    let (small, replaced, large) = tokio::join!(
        futures::future::join_all((0..4).map(|worker| many(&client, format!("{round}/{worker}")))),
        replace(&client, hot, round),
        multipart(&client, format!("{round}/large")),
    );
    let mut all = Ledger { objects: known, uploads };
    all.objects.extend(small.into_iter().flatten());
    all.objects.insert("hot".into(), replaced);
    all.objects.extend(large.objects);
    all.uploads.extend(large.uploads);
    all
}

/// Small and middling objects; every third is deleted again.
async fn many(client: &Client, prefix: String) -> HashMap<String, Expected> {
    let mut objects = HashMap::new();
    for number in 0.. {
        let key = format!("{prefix}/{number}");
        let size = [10, 3_000, 16_384, 16_385, 300_000][number % 5];
        let version = Version::Stored { seed: seed_of(&key), size };
        let mut expected = Expected::default();
        if !put(client, &key, &mut expected, version).await {
            objects.insert(key, expected);
            return objects;
        }
        if number % 3 == 0 {
            expected.attempted = Some(Version::Absent);
            if client.delete_object().bucket(BUCKET).key(&key).send().await.is_err() {
                objects.insert(key, expected);
                return objects;
            }
            expected = Expected::default();
        }
        objects.insert(key, expected);
    }
    objects
}

/// One key, again and again.
async fn replace(client: &Client, mut expected: Expected, round: u32) -> Expected {
    for number in 0_u64.. {
        let version = Version::Stored { seed: u64::from(round) << 32 | number, size: 200_000 };
        if !put(client, "hot", &mut expected, version).await {
            break;
        }
    }
    expected
}

async fn put(client: &Client, key: &str, expected: &mut Expected, version: Version) -> bool {
    let Version::Stored { seed, size } = version else {
        return false;
    };
    expected.attempted = Some(version.clone());
    let put = client.put_object().bucket(BUCKET).key(key).body(bytes(seed, size).into());
    if put.send().await.is_err() {
        return false;
    }
    *expected = Expected { acknowledged: version, attempted: None };
    true
}

async fn multipart(client: &Client, prefix: String) -> Ledger {
    let mut ledger = Ledger::default();
    for number in 0.. {
        let key = format!("{prefix}/{number}");
        if one_multipart(client, &key, &mut ledger).await.is_none() {
            break;
        }
    }
    ledger
}

async fn one_multipart(client: &Client, key: &str, ledger: &mut Ledger) -> Option<()> {
    let (seed, size) = (seed_of(key), 2 * PART + 1000);
    let body = bytes(seed, size);
    let created = client.create_multipart_upload().bucket(BUCKET).key(key).send().await.ok()?;
    let id = created.upload_id()?.to_owned();
    let parts = ledger.uploads.entry(id.clone()).or_default();
    key.clone_into(&mut parts.key);
    let mut completed = Vec::new();
    for (number, bytes) in (1..).zip(body.chunks(PART)) {
        let part = client.upload_part().bucket(BUCKET).key(key).upload_id(&id).part_number(number);
        let stored = part.body(bytes.to_vec().into()).send().await.ok()?;
        parts.numbers.push(number);
        let listed = CompletedPart::builder().part_number(number).e_tag(stored.e_tag()?);
        completed.push(listed.set_checksum_crc32(stored.checksum_crc32().map(str::to_owned)).build());
    }
    parts.completing = true;
    let expected = ledger.objects.entry(key.to_owned()).or_default();
    expected.attempted = Some(Version::Stored { seed, size });
    let list = CompletedMultipartUpload::builder().set_parts(Some(completed)).build();
    let complete = client.complete_multipart_upload().bucket(BUCKET).key(key).upload_id(&id);
    complete.multipart_upload(list).send().await.ok()?;
    expected.acknowledged = Version::Stored { seed, size };
    expected.attempted = None;
    ledger.uploads.remove(&id);
    Some(())
}

fn seed_of(key: &str) -> u64 {
    key.bytes().fold(7, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)))
}

fn client(address: SocketAddr) -> Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(Credentials::new(KEY_ID, SECRET, None, None, "test"))
        .endpoint_url(format!("http://{address}"))
        .force_path_style(true)
        .region(Region::new(REGION))
        .retry_config(RetryConfig::disabled())
        .build();
    Client::from_conf(config)
}
