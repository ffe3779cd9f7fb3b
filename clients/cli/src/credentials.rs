//! The credentials file: one login a server, readable by its owner alone, replaced at once.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use straightway_client::{Credentials, Login};

/// The file, wherever it is.
#[derive(Clone, Debug)]
pub(crate) struct CredentialsFile {
    path: PathBuf,
}

#[derive(Default, Serialize, Deserialize)]
struct Stored {
    version: u32,
    /// Where somebody signed in last.
    default_server: Option<String>,
    servers: BTreeMap<String, StoredLogin>,
}

#[derive(Serialize, Deserialize)]
struct StoredLogin {
    username: String,
    access_token: String,
    access_expires_at: Timestamp,
    refresh_token: String,
}

const VERSION: u32 = 1;

impl CredentialsFile {
    /// `credentials.json` in this folder.
    pub(crate) fn in_folder(folder: &Path) -> Self {
        Self { path: folder.join("credentials.json") }
    }

    /// The server of the last login.
    pub(crate) fn default_server(&self) -> io::Result<Option<String>> {
        Ok(self.read()?.default_server)
    }

    /// The login at one server; `username` is whom a new login there is for.
    pub(crate) fn server(&self, server: &str, username: Option<&str>) -> ServerCredentials {
        ServerCredentials { file: self.clone(), server: server.to_owned(), username: username.map(str::to_owned) }
    }

    fn read(&self) -> io::Result<Stored> {
        let file = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Stored::default()),
            file => file?,
        };
        self.refuse_if_shared(&file)?;
        let stored: Stored = serde_json::from_reader(io::BufReader::new(file))
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", self.path.display())))?;
        if stored.version > VERSION {
            let message = format!("{} was written by a newer version", self.path.display());
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        Ok(stored)
    }

    #[cfg(unix)]
    fn refuse_if_shared(&self, file: &File) -> io::Result<()> {
        use std::os::unix::fs::PermissionsExt;
        let mode = file.metadata()?.permissions().mode();
        let others = mode & 0o077;
        if others == 0 {
            return Ok(());
        }
        let path = self.path.display();
        let message = format!("others may read {path}: `chmod 600 {path}`, and change the password if they did");
        Err(io::Error::new(io::ErrorKind::PermissionDenied, message))
    }

    #[cfg(not(unix))]
    fn refuse_if_shared(&self, _: &File) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, stored: &Stored) -> io::Result<()> {
        let folder = self.folder()?;
        // Made with mode 0600.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer_pretty(&mut file, stored)?;
        file.write_all(b"\n")?;
        file.as_file().sync_all()?;
        file.persist(&self.path).map_err(|error| error.error)?;
        Ok(())
    }

    /// The folder, made when it is not there.
    fn folder(&self) -> io::Result<&Path> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        private_folder(folder)?;
        Ok(folder)
    }

    fn lock(&self) -> io::Result<File> {
        let lock =
            File::options().write(true).create(true).truncate(false).open(self.folder()?.join("credentials.lock"))?;
        lock.lock()?;
        Ok(lock)
    }
}

/// Makes a folder for its owner alone, with those above it.
pub(crate) fn private_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent() {
        fs::create_dir_all(above)?;
    }
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

/// The login at one server.
pub(crate) struct ServerCredentials {
    file: CredentialsFile,
    server: String,
    username: Option<String>,
}

impl Credentials for ServerCredentials {
    fn load(&self) -> io::Result<Option<Login>> {
        let mut stored = self.file.read()?;
        Ok(stored.servers.remove(&self.server).map(|login| Login {
            access_token: login.access_token.into(),
            access_expires_at: login.access_expires_at,
            refresh_token: login.refresh_token.into(),
        }))
    }

    fn save(&self, login: Option<&Login>) -> io::Result<()> {
        let mut stored = self.file.read()?;
        let before = stored.servers.remove(&self.server);
        if let Some(login) = login {
            let kept = before.map(|login| login.username);
            let username = self.username.clone().or(kept).unwrap_or_default();
            let login = StoredLogin {
                username,
                access_token: login.access_token.expose_secret().to_owned(),
                access_expires_at: login.access_expires_at,
                refresh_token: login.refresh_token.expose_secret().to_owned(),
            };
            stored.servers.insert(self.server.clone(), login);
            // A renewal is no new login: it does not change where commands go.
            if self.username.is_some() {
                stored.default_server = Some(self.server.clone());
            }
        }
        stored.version = VERSION;
        self.file.write(&stored)
    }

    fn lock(&self) -> io::Result<Box<dyn Send>> {
        Ok(Box::new(self.file.lock()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(token: &str) -> Login {
        Login {
            access_token: token.to_owned().into(),
            access_expires_at: Timestamp::UNIX_EPOCH,
            refresh_token: "r".to_owned().into(),
        }
    }

    fn token(credentials: &ServerCredentials) -> Option<String> {
        credentials.load().unwrap().map(|login| login.access_token.expose_secret().to_owned())
    }

    #[test]
    fn logins_of_several_servers_are_kept_apart() {
        let folder = tempfile::tempdir().unwrap();
        let file = CredentialsFile::in_folder(&folder.path().join("straightway"));
        let (a, b) = (file.server("http://a", Some("ada")), file.server("http://b", Some("ada")));
        a.save(Some(&login("1"))).unwrap();
        b.save(Some(&login("2"))).unwrap();
        assert_eq!((token(&a).as_deref(), token(&b).as_deref()), (Some("1"), Some("2")));
        assert_eq!(file.default_server().unwrap().as_deref(), Some("http://b"));
        b.save(None).unwrap();
        assert_eq!((token(&a).as_deref(), token(&b)), (Some("1"), None));
    }

    #[test]
    fn a_renewal_keeps_the_user_name_and_the_default_server() {
        let folder = tempfile::tempdir().unwrap();
        let file = CredentialsFile::in_folder(folder.path());
        file.server("http://a", Some("ada")).save(Some(&login("1"))).unwrap();
        file.server("http://b", Some("bob")).save(Some(&login("1"))).unwrap();
        file.server("http://a", None).save(Some(&login("2"))).unwrap();
        let stored = file.read().unwrap();
        assert_eq!(stored.servers["http://a"].username, "ada");
        assert_eq!(stored.default_server.as_deref(), Some("http://b"));
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_private_and_refused_when_it_no_longer_is() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("straightway");
        let file = CredentialsFile::in_folder(&inner);
        let server = file.server("http://a", Some("ada"));
        server.save(Some(&login("1"))).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&inner), mode(&file.path)), (0o700, 0o600));
        fs::set_permissions(&file.path, fs::Permissions::from_mode(0o640)).unwrap();
        let refused = server.load().unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied);
        assert!(refused.to_string().contains("chmod 600"), "{refused}");
    }

    #[test]
    fn a_damaged_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = CredentialsFile::in_folder(folder.path());
        file.server("http://a", Some("ada")).save(Some(&login("1"))).unwrap();
        // Written over in place, so that its mode stays private.
        fs::write(&file.path, "{").unwrap();
        let error = file.read().map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("credentials.json"), "{error}");
    }
}
