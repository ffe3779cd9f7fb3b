//! A function's ports, built from its environment.

use std::collections::HashSet;
use std::sync::Arc;

use anyhow::{Context, ensure};
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use secrecy::{ExposeSecret, SecretString};
use straightway_catalog::DynamoCatalog;
use straightway_core::ports::Abilities;
use straightway_core::{Clock, ObjectStore, Queue};
use straightway_http::{Authenticator, Cors, EdgeConfig, Jwks, Parties};
use straightway_lifecycle::Lifecycle;
use straightway_s3::{AddressStyle, S3Config, S3Store, SharedCredentialsProvider};

use crate::env::{self, Environment, Variable};
use crate::{SqsQueue, SystemClock, telemetry};

/// The `aud` claim of access tokens.
pub const AUDIENCE: &str = "straightway";

/// Shorter secrets could be guessed.
const MIN_SECRET_CHARACTERS: usize = 32;

/// What a function was deployed with.
///
/// Credentials come from the environment alone, as Lambda sets them: the SDK's whole chain of providers would only
/// make the binary larger and its start slower.
pub struct Deployment {
    environment: Environment,
    credentials: SharedCredentialsProvider,
    clock: Arc<dyn Clock>,
}

impl Deployment {
    /// Reads the process's environment and starts logging.
    ///
    /// # Errors
    /// When logging cannot be started.
    pub fn load() -> anyhow::Result<Self> {
        let environment = Environment::of_process();
        telemetry::start_logging(environment.required(env::LOG)?)?;
        let credentials = SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new());
        Ok(Self { environment, credentials, clock: Arc::new(SystemClock) })
    }

    /// What the environment says.
    pub const fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The time.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    /// The records.
    ///
    /// # Errors
    /// Names the variable that is missing.
    pub fn catalog(&self) -> anyhow::Result<Arc<DynamoCatalog>> {
        let mut config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(self.region()?)
            .credentials_provider(self.credentials.clone());
        config.set_endpoint_url(self.environment.get(env::DYNAMODB_ENDPOINT).map(str::to_owned));
        let client = aws_sdk_dynamodb::Client::from_conf(config.build());
        Ok(Arc::new(DynamoCatalog::new(client, self.environment.required(env::TABLE_PREFIX)?)))
    }

    /// The primary store, trusted with what the deploy-time probe found. One connection is opened now: a TLS handshake
    /// costs hundreds of milliseconds of a small function's first request.
    ///
    /// # Errors
    /// Names the variable that is missing; when the store's credentials cannot be loaded.
    pub async fn store(&self) -> anyhow::Result<Arc<dyn ObjectStore>> {
        let environment = &self.environment;
        let path_style: bool = environment.parsed(env::S3_PATH_STYLE)?;
        let config = S3Config {
            endpoint: environment.get(env::S3_ENDPOINT).map(str::to_owned),
            public_url: environment.get(env::S3_PUBLIC_URL).map(str::to_owned),
            address_style: if path_style { AddressStyle::Path } else { AddressStyle::VirtualHost },
            ..S3Config::new(
                environment.required(env::BUCKET)?,
                environment.required(env::REGION)?,
                self.credentials.clone(),
            )
        };
        let abilities = Abilities {
            vouches: environment.parsed(env::S3_VOUCHES)?,
            conditional_put: environment.parsed(env::S3_CONDITIONAL_PUT)?,
        };
        let store = S3Store::new(&config, abilities).await.context("the store cannot be reached")?;
        if let Err(error) = store.warm().await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the first request will open the connection");
        }
        Ok(Arc::new(store))
    }

    /// The finalizer's queue.
    ///
    /// # Errors
    /// Names the variable that is missing.
    pub fn finalize_queue(&self) -> anyhow::Result<Arc<dyn Queue>> {
        let mut config = aws_sdk_sqs::Config::builder()
            .behavior_version(aws_sdk_sqs::config::BehaviorVersion::v2026_01_12())
            .region(self.region()?)
            .credentials_provider(self.credentials.clone());
        config.set_endpoint_url(self.environment.get(env::SQS_ENDPOINT).map(str::to_owned));
        let client = aws_sdk_sqs::Client::from_conf(config.build());
        let url = self.environment.required(env::FINALIZE_QUEUE_URL)?;
        Ok(Arc::new(SqsQueue::new(client, url.to_owned())))
    }

    /// The life cycle protocol over catalog, primary store, finalizer's queue and clock.
    ///
    /// # Errors
    /// Names the variable that is missing or wrong.
    pub async fn lifecycle(&self, catalog: &Arc<DynamoCatalog>) -> anyhow::Result<Lifecycle> {
        Ok(Lifecycle {
            catalog: catalog.clone(),
            store: self.store().await?,
            finalize_queue: self.finalize_queue()?,
            clock: self.clock(),
            dedupe: self.environment.dedupe()?,
        })
    }

    /// Who calls: access tokens checked with the deployment's public keys.
    ///
    /// # Errors
    /// Names the variable that is missing, or what is wrong with the keys.
    pub fn authenticator(&self) -> anyhow::Result<Authenticator> {
        let jwks = Jwks::parse(self.environment.required(env::TOKEN_JWKS)?)?;
        Ok(Authenticator::new(&jwks, &self.parties()?, self.clock())?)
    }

    /// Who makes access tokens and for whom.
    ///
    /// # Errors
    /// Names the variable that is missing.
    pub fn parties(&self) -> anyhow::Result<Parties> {
        Ok(Parties { issuer: self.origin()?, audience: AUDIENCE.to_owned() })
    }

    /// The API's public origin, without a trailing slash.
    ///
    /// # Errors
    /// Names the variable that is missing.
    pub fn origin(&self) -> anyhow::Result<String> {
        Ok(self.environment.required(env::PUBLIC_URL)?.trim_end_matches('/').to_owned())
    }

    /// A secret that keys are derived from.
    ///
    /// # Errors
    /// Names the variable when it is missing or short.
    pub fn secret(&self, variable: Variable) -> anyhow::Result<SecretString> {
        let secret = self.environment.secret(variable)?;
        let long_enough = secret.expose_secret().chars().count() >= MIN_SECRET_CHARACTERS;
        ensure!(long_enough, "{} needs at least {MIN_SECRET_CHARACTERS} characters", variable.name);
        Ok(secret)
    }

    /// The way in: which web pages may use the API. Hosts are the gateway's to judge.
    ///
    /// # Errors
    /// Names the variable that is missing.
    pub fn edge(&self) -> anyhow::Result<EdgeConfig> {
        let listed = self.environment.get(env::CORS_ORIGINS).unwrap_or_default();
        let mut origins: HashSet<String> =
            listed.split(',').map(str::trim).filter(|origin| !origin.is_empty()).map(str::to_owned).collect();
        origins.insert(self.origin()?);
        Ok(EdgeConfig { cors: Cors { origins, credentials: false }, ..EdgeConfig::default() })
    }

    fn region(&self) -> anyhow::Result<Region> {
        Ok(Region::new(self.environment.required(env::REGION)?.to_owned()))
    }
}
