//! What a command runs with: the server, the login, the output.

use std::path::PathBuf;
use std::sync::Arc;

use straightway_client::{Api, Patience};
use url::{Host, Url};

use crate::credentials::CredentialsFile;
use crate::failure::Failure;
use crate::output::Output;

const DEFAULT_SERVER: &str = "http://127.0.0.1:8080";

/// What every command needs.
pub(crate) struct Context {
    pub(crate) server: Url,
    pub(crate) output: Arc<Output>,
    credentials: CredentialsFile,
}

impl Context {
    /// The chosen server, else that of the last login, else the local one.
    pub(crate) fn new(server: Option<String>, output: Arc<Output>) -> Result<Self, Failure> {
        let credentials = CredentialsFile::in_folder(&config_folder()?);
        let server = match server {
            Some(server) => server,
            None => credentials
                .default_server()
                .map_err(straightway_client::Error::Credentials)?
                .unwrap_or_else(|| DEFAULT_SERVER.to_owned()),
        };
        Ok(Self { server: parse_server(&server)?, output, credentials })
    }

    /// A client that uses the login at the server.
    pub(crate) fn api(&self, patience: Patience) -> Result<Api, Failure> {
        self.client(patience, None)
    }

    /// A client for a new login of this user.
    pub(crate) fn api_for(&self, username: &str) -> Result<Api, Failure> {
        self.client(Patience::SHORT, Some(username))
    }

    fn client(&self, patience: Patience, username: Option<&str>) -> Result<Api, Failure> {
        let output = Arc::clone(&self.output);
        let credentials = self.credentials.server(self.server.as_str(), username);
        let api = Api::builder(self.server.clone()).credentials(Arc::new(credentials)).patience(patience);
        Ok(api.on_wait(move |waiting| output.waiting(&waiting)).build()?)
    }

    /// Whether what is sent to the server can be read on the way.
    pub(crate) fn is_exposed(&self) -> bool {
        let is_here = match self.server.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        };
        self.server.scheme() == "http" && !is_here
    }
}

/// Reads an address; without a scheme it is `https`, on this machine `http`.
fn parse_server(text: &str) -> Result<Url, Failure> {
    let wrong = |why: &str| Failure::usage(format!("{text} is no server address: {why}"));
    let with_scheme = match text {
        _ if text.contains("://") => text.to_owned(),
        _ if ["127.0.0.1", "localhost", "[::1]"].iter().any(|here| text.starts_with(here)) => format!("http://{text}"),
        _ => format!("https://{text}"),
    };
    let url: Url = with_scheme.parse().map_err(|error: url::ParseError| wrong(&error.to_string()))?;
    match url.scheme() {
        "http" | "https" if url.query().is_none() && url.fragment().is_none() => Ok(url),
        "http" | "https" => Err(wrong("it has a query or fragment")),
        _ => Err(wrong("it must be http or https")),
    }
}

fn config_folder() -> Result<PathBuf, Failure> {
    user_folder("XDG_CONFIG_HOME", ".config")
}

/// Where standard input is kept while it is uploaded.
pub(crate) fn cache_folder() -> Result<PathBuf, Failure> {
    let folder = user_folder("XDG_CACHE_HOME", ".cache")?;
    crate::credentials::private_folder(&folder)?;
    Ok(folder)
}

fn user_folder(variable: &str, below_home: &str) -> Result<PathBuf, Failure> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute(variable)
        .or_else(|| std::env::home_dir().filter(|home| home.is_absolute()).map(|home| home.join(below_home)))
        .map(|folder| folder.join("straightway"))
        .ok_or_else(|| Failure::usage(format!("neither {variable} nor a home folder is known")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_scheme_is_encrypted_unless_it_is_here() {
        let parse = |text| parse_server(text).unwrap().to_string();
        assert_eq!(parse("127.0.0.1:8080"), "http://127.0.0.1:8080/");
        assert_eq!(parse("localhost:8080"), "http://localhost:8080/");
        assert_eq!(parse("files.example.com"), "https://files.example.com/");
        assert_eq!(parse("http://files.example.com/api/"), "http://files.example.com/api/");
        for wrong in ["", "ftp://x", "http://", "http://x/?q"] {
            assert!(parse_server(wrong).is_err(), "{wrong}");
        }
    }
}
