//! The stack itself: opens the data folder, binds the ports, starts everything, and stops it in order.

use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use axum::Router;
use jiff::Timestamp;
use secrecy::ExposeSecret;
use straightway_catalog::{DynamoCatalog, create_tables};
use straightway_core::ObjectStore;
use straightway_http::{Cors, EdgeConfig, Jwks, Parties};
use straightway_lifecycle::Lifecycle;
use straightway_runtime::{AUDIENCE, log_failure};
use straightway_s3::{AddressStyle, S3Config as StoreConfig, S3Store, fixed_credentials};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::bucket::{Bucket, BucketError};
use crate::dynamo::{self, EmbeddedDynamo};
use crate::gateway::{self, Functions};
use crate::keys::StackKeys;
use crate::options::Options;
use crate::public::{Public, loopback_hosts};
use crate::queue::{DurableQueue, Workload, run as run_worker};
use crate::s3::{self, AccessKey, S3Config};
use crate::serve::{Patience, answered_within, serve};

/// The bucket that uploads go to.
pub const BUCKET: &str = "straightway";
/// The region of everything local.
pub const REGION: &str = "us-east-1";
/// The finalizer's queue.
pub const FINALIZE_QUEUE: &str = "finalize";
/// What the tables' names start with.
pub const TABLE_PREFIX: &str = "straightway-";

/// Messages that are worked on at the same time.
const WORKERS: usize = 8;
/// How long the finalizer's messages wait. Nearly every client completes its upload by itself, with more to say than
/// the event; only where it vanished is the message what makes the file.
const DELIVERY_DELAY: Duration = Duration::from_secs(2);
/// What a request to the API or to DynamoDB takes at most, its body and its waits included.
const REQUEST_LIMIT: Duration = Duration::from_mins(1);
/// How often expired records are swept, as DynamoDB does by itself.
const SWEEP_EVERY: Duration = Duration::from_mins(1);

/// A running stack.
pub struct LocalStack {
    /// The API's origin, as clients know it.
    pub origin: String,
    /// The API's address.
    pub api: SocketAddr,
    /// The bucket's address.
    pub s3: SocketAddr,
    /// DynamoDB's address, where it is exposed.
    pub dynamodb: Option<SocketAddr>,
    /// The keys that it generated.
    pub keys: StackKeys,
    /// The functions' ports.
    pub functions: Functions,
    /// The finalizer's queue.
    pub finalize_queue: DurableQueue,
    db: EmbeddedDynamo,
    shutdown: watch::Sender<bool>,
    tasks: JoinSet<anyhow::Result<()>>,
}

/// Ports that are bound before anything starts.
struct Ports {
    api: TcpListener,
    s3: TcpListener,
    dynamodb: Option<TcpListener>,
}

impl LocalStack {
    /// Starts everything; when this returns, it answers.
    ///
    /// # Errors
    /// In plain words: the data folder belongs to a running instance or cannot be written, a port is taken, a file
    /// is damaged.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        prepare_folder(&options.data)?;
        let bucket = open_bucket(&options).await?;
        let keys = StackKeys::load_or_generate(&options.data.join("keys.json"))?;
        let db = open_database(options.data.join("dynamodb.sqlite")).await?;
        let ports = Ports::bind(&options).await?;
        let (shutdown, stopping) = watch::channel(false);
        let mut tasks = JoinSet::new();

        let (api, s3_address) = (ports.api.local_addr()?, ports.s3.local_addr()?);
        let public = Public::new(&options, api, s3_address);
        let finalize_queue = prepare_bucket(&bucket).await?;
        let s3 = s3::service(Arc::clone(&bucket), &bucket_port(&keys, &public));
        let stopped = stopping.clone();
        let bucket_port = s3.clone();
        tasks.spawn(async move { Ok(s3::serve(ports.s3, bucket_port, until_set(stopped)).await?) });
        db.sweep_every(SWEEP_EVERY);
        let dynamodb = match ports.dynamodb {
            Some(listener) => Some(expose(&mut tasks, listener, &db, &keys, &options, stopping.clone())?),
            None => None,
        };

        let catalog = open_catalog(&db).await?;
        let store = open_store(&keys, s3_address, &public, options.clock.now()).await?;
        let functions = functions(&options, &keys, &public.origin, &catalog, store, &finalize_queue)?;
        let router = answered_within(REQUEST_LIMIT, gateway::router(functions.clone(), api_port(&public)));
        let router = if options.bucket_on_api_port { gateway::with_bucket(router, BUCKET, s3) } else { router };
        tasks.spawn(serve_router(ports.api, router, stopping.clone()));
        let finalize = straightway_finalize::Ports {
            lifecycle: functions.uploads.lifecycle.clone(),
            slice: straightway_finalize::SLICE,
        };
        tasks.spawn(work(finalize_queue.clone(), finalize, stopping));
        Ok(Self {
            origin: public.origin,
            api,
            s3: s3_address,
            dynamodb,
            keys,
            functions,
            finalize_queue,
            db,
            shutdown,
            tasks,
        })
    }

    /// Runs until `signal`, or until a part fails; then stops in order: no new requests, those under way finish,
    /// files are closed.
    ///
    /// # Errors
    /// What made a part fail.
    pub async fn run_until(mut self, signal: impl Future<Output = ()> + Send) -> anyhow::Result<()> {
        let failed = tokio::select! {
            () = signal => None,
            Some(ended) = self.tasks.join_next() => Some(ended),
        };
        self.shutdown.send_replace(true);
        let mut outcome = failed.map_or(Ok(()), |ended| ended?);
        while let Some(ended) = self.tasks.join_next().await {
            outcome = outcome.and(ended?);
        }
        self.db.close().await;
        outcome
    }
}

fn prepare_folder(data: &Path) -> anyhow::Result<()> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(data);
    made.with_context(|| format!("the data folder {} cannot be created", data.display()))?;
    let permissions = std::fs::metadata(data)?.permissions();
    if permissions.mode() & 0o077 != 0 {
        std::fs::set_permissions(data, PermissionsExt::from_mode(0o700))
            .with_context(|| format!("the data folder {} belongs to somebody else", data.display()))?;
    }
    Ok(())
}

async fn open_bucket(options: &Options) -> anyhow::Result<Arc<Bucket>> {
    let (folder, clock) = (options.data.join("bucket"), Arc::clone(&options.clock));
    match tokio::task::spawn_blocking(move || Bucket::open(&folder, REGION, clock)).await? {
        Ok(bucket) => Ok(Arc::new(bucket)),
        Err(BucketError::InUse(_)) => bail!(
            "the data folder {} belongs to a Straightway that is running; stop it, or choose another folder with --data",
            options.data.display()
        ),
        Err(error) => Err(error).with_context(|| format!("the bucket in {} cannot be opened", options.data.display())),
    }
}

async fn open_database(path: PathBuf) -> anyhow::Result<EmbeddedDynamo> {
    Ok(tokio::task::spawn_blocking(move || EmbeddedDynamo::open(&path)).await??)
}

impl Ports {
    async fn bind(options: &Options) -> anyhow::Result<Self> {
        Ok(Self {
            api: listen(options.listen, "the API", "--listen").await?,
            s3: listen(options.s3_listen, "the bucket", "--s3-listen").await?,
            dynamodb: match options.expose_dynamodb {
                Some(address) => Some(listen(address, "DynamoDB", "--expose-dynamodb").await?),
                None => None,
            },
        })
    }
}

async fn listen(address: SocketAddr, what: &str, option: &str) -> anyhow::Result<TcpListener> {
    match TcpListener::bind(address).await {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            bail!("port {} is taken by another program; choose another for {what} with {option}", address.port())
        }
        Err(error) => Err(error).with_context(|| format!("{what} cannot listen on {address}")),
    }
}

async fn prepare_bucket(bucket: &Bucket) -> anyhow::Result<DurableQueue> {
    bucket.create_bucket(BUCKET).await?;
    bucket.notify(BUCKET, "objects/", FINALIZE_QUEUE, DELIVERY_DELAY).await?;
    Ok(bucket.queue(FINALIZE_QUEUE).with_delay(DELIVERY_DELAY))
}

fn bucket_port(keys: &StackKeys, public: &Public) -> S3Config {
    S3Config {
        access_keys: vec![AccessKey { id: keys.access_key_id.clone(), secret: keys.secret_access_key.clone() }],
        region: REGION.to_owned(),
        allowed_hosts: public.s3_hosts.clone(),
        domain: Some("localhost".to_owned()),
        cors_origins: public.origins.iter().cloned().collect(),
    }
}

fn api_port(public: &Public) -> EdgeConfig {
    EdgeConfig {
        cors: Cors { origins: public.origins.clone(), credentials: false },
        hosts: Some(public.hosts.clone()),
        ..EdgeConfig::default()
    }
}

fn expose(
    tasks: &mut JoinSet<anyhow::Result<()>>,
    listener: TcpListener,
    db: &EmbeddedDynamo,
    keys: &StackKeys,
    options: &Options,
    stopping: watch::Receiver<bool>,
) -> anyhow::Result<SocketAddr> {
    let address = listener.local_addr()?;
    let keys = dynamo::Keys {
        access_key_id: keys.access_key_id.clone(),
        secret_access_key: keys.secret_access_key.clone(),
        region: REGION.to_owned(),
    };
    let hosts = loopback_hosts(address).into_iter().collect();
    let router = dynamo::router(db.clone(), keys, hosts, Arc::clone(&options.clock));
    tasks.spawn(serve_router(listener, answered_within(REQUEST_LIMIT, router), stopping));
    Ok(address)
}

async fn open_catalog(db: &EmbeddedDynamo) -> anyhow::Result<Arc<DynamoCatalog>> {
    let client = dynamo::client(db);
    create_tables(&client, TABLE_PREFIX).await.context("the tables cannot be created")?;
    Ok(Arc::new(DynamoCatalog::new(client, TABLE_PREFIX)))
}

/// The primary store, reached as any other would be: through its port, and trusted with what a probe saw.
async fn open_store(
    keys: &StackKeys,
    address: SocketAddr,
    public: &Public,
    now: Timestamp,
) -> anyhow::Result<Arc<dyn ObjectStore>> {
    let credentials = fixed_credentials(&keys.access_key_id, &keys.secret_access_key, None);
    let config = StoreConfig {
        endpoint: Some(format!("http://{address}")),
        address_style: AddressStyle::Path,
        ..StoreConfig::new(BUCKET, REGION, credentials)
    };
    // The probe goes the direct way: what may stand before the public address need not reach this process yet.
    let report = S3Store::probe(&config, now).await.context("the store cannot be probed")?;
    let config = StoreConfig { public_url: Some(public.s3.clone()), ..config };
    Ok(Arc::new(S3Store::new(&config, report.abilities()).await?))
}

fn functions(
    options: &Options,
    keys: &StackKeys,
    origin: &str,
    catalog: &Arc<DynamoCatalog>,
    store: Arc<dyn ObjectStore>,
    finalize_queue: &DurableQueue,
) -> anyhow::Result<Functions> {
    let clock = Arc::clone(&options.clock);
    let settings = straightway_accounts::Settings {
        parties: Parties { issuer: origin.to_owned(), audience: AUDIENCE.to_owned() },
        signing_key: keys.token_key.clone(),
        other_keys: Jwks::default(),
        refresh_secret: keys.accounts_secret.clone(),
        signup: options.signup.clone(),
        quota_bytes: options.quota_bytes,
        attempts: options.attempts,
    };
    let accounts = straightway_accounts::Ports::new(catalog.clone(), catalog.clone(), Arc::clone(&clock), settings)?;
    let authenticator = accounts.authenticator.clone();
    let lifecycle = Lifecycle {
        catalog: catalog.clone(),
        store,
        finalize_queue: Arc::new(finalize_queue.clone()),
        clock,
        dedupe: options.dedupe,
    };
    let secret = keys.secret.expose_secret().as_bytes();
    let uploads = straightway_uploads::Ports {
        lifecycle: lifecycle.clone(),
        limits: catalog.clone(),
        requests: catalog.clone(),
        authenticator: authenticator.clone(),
        settings: Arc::new(straightway_uploads::Settings {
            instant: options.instant,
            lives: options.lives,
            limits: options.limits,
            signup: options.signup.as_str().to_owned(),
            ..straightway_uploads::Settings::new(origin.to_owned(), secret)
        }),
    };
    let files = straightway_files::Ports {
        lifecycle,
        requests: catalog.clone(),
        authenticator,
        settings: Arc::new(straightway_files::Settings {
            lives: options.lives,
            ..straightway_files::Settings::new(secret)
        }),
    };
    Ok(Functions { accounts, uploads, files })
}

async fn serve_router(listener: TcpListener, router: Router, stopping: watch::Receiver<bool>) -> anyhow::Result<()> {
    Ok(serve(listener, router, Patience::default(), until_set(stopping)).await?)
}

async fn work(
    queue: DurableQueue,
    ports: straightway_finalize::Ports,
    stopping: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let handle = move |message: straightway_core::Message| {
        let ports = ports.clone();
        async move {
            let id = message.id.clone();
            straightway_finalize::handle(&ports, message).await.inspect_err(|error| log_failure(&id, error))
        }
    };
    run_worker(queue, handle, Workload { concurrency: WORKERS }, until_set(stopping)).await;
    Ok(())
}

async fn until_set(mut flag: watch::Receiver<bool>) {
    // An error means that the sender is gone: stop too.
    let _ = flag.wait_for(|set| *set).await;
}
