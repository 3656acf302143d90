//! AWS's shared files (`~/.aws/credentials`, `~/.aws/config`): read at the call, and again when they change, because other
//! programs write fresh temporary keys into them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use llm_core::{Error, Secret};
use llm_wire::oauth::missing;

use super::Credentials;

/// The sections of a file: name, then keys and values.
type Sections = BTreeMap<String, BTreeMap<String, String>>;

/// A profile in the shared files.
#[derive(Debug)]
pub(crate) struct Files {
    profile: String,
    credentials: PathBuf,
    config: PathBuf,
    /// What was read, and when the files had changed last.
    known: Mutex<Option<([Option<SystemTime>; 2], Credentials)>>,
}

impl Files {
    pub(crate) fn new(profile: Option<&str>, credentials: Option<PathBuf>, config: Option<PathBuf>) -> Self {
        let home = || std::env::home_dir().unwrap_or_default().join(".aws");
        Self {
            profile: profile.unwrap_or("default").to_owned(),
            credentials: credentials.unwrap_or_else(|| home().join("credentials")),
            config: config.unwrap_or_else(|| home().join("config")),
            known: Mutex::new(None),
        }
    }

    /// The profile's access key.
    pub(crate) fn credentials(&self) -> Result<Credentials, Error> {
        let changed =
            [&self.credentials, &self.config].map(|path| path.metadata().and_then(|meta| meta.modified()).ok());
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((then, credentials)) = &*known
            && *then == changed
        {
            return Ok(credentials.clone());
        }
        let credentials = self.read()?;
        *known = Some((changed, credentials.clone()));
        Ok(credentials)
    }

    fn read(&self) -> Result<Credentials, Error> {
        let mut keys = read(&self.config).remove(&section_of_config(&self.profile)).unwrap_or_default();
        keys.extend(read(&self.credentials).remove(&self.profile).unwrap_or_default());
        let mut take = |name: &str| keys.remove(name).filter(|value| !value.is_empty());
        match (take("aws_access_key_id"), take("aws_secret_access_key")) {
            (Some(access_key_id), Some(secret)) => Ok(Credentials {
                access_key_id,
                secret_access_key: secret.into(),
                session_token: take("aws_session_token").map(Secret::from),
            }),
            _ => Err(missing(format!(
                "the profile {:?} has no access key: write aws_access_key_id and aws_secret_access_key into {}, or name \
                 another profile",
                self.profile,
                self.credentials.display()
            ))),
        }
    }
}

/// The region of a profile, from the config file.
pub(crate) fn region_of(profile: Option<&str>, config: Option<&Path>) -> Option<String> {
    let default = || std::env::home_dir().map(|home| home.join(".aws").join("config"));
    let config = config.map(Path::to_owned).or_else(default)?;
    read(&config).remove(&section_of_config(profile.unwrap_or("default")))?.remove("region")
}

/// In the config file all sections but the default one are called `profile NAME`.
fn section_of_config(profile: &str) -> String {
    if profile == "default" { profile.to_owned() } else { format!("profile {profile}") }
}

/// The sections of a file; none where it cannot be read.
fn read(path: &Path) -> Sections {
    std::fs::read_to_string(path).map(|text| sections(&text)).unwrap_or_default()
}

fn sections(text: &str) -> Sections {
    let mut all = Sections::new();
    let mut section = String::new();
    for line in text.lines() {
        // Lines that begin with a blank belong to a nested setting.
        if line.starts_with([' ', '\t', '#', ';']) {
            continue;
        }
        let line = line.trim_end();
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            section = name.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        } else if let Some((key, value)) = line.split_once('=') {
            let value = value.split(" #").next().unwrap_or_default().trim();
            all.entry(section.clone()).or_default().insert(key.trim().to_ascii_lowercase(), value.to_owned());
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREDENTIALS: &str = "# keys\n[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key=one/two+three=\n\n\
        [work]\naws_access_key_id=ASIAWORK\naws_secret_access_key=secret # of work\naws_session_token = token\n";
    const CONFIG: &str =
        "[default]\nregion = eu-central-1\ns3 =\n  max_concurrent_requests = 20\n[profile  work]\nregion=us-west-2\n";

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("loquat-bedrock-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("credentials"), CREDENTIALS).unwrap();
        std::fs::write(folder.join("config"), CONFIG).unwrap();
        folder
    }

    fn files(folder: &Path, profile: Option<&str>) -> Files {
        Files::new(profile, Some(folder.join("credentials")), Some(folder.join("config")))
    }

    #[test]
    fn a_profile_gives_its_key_and_its_region() {
        let folder = folder("profile");
        let found = files(&folder, None).credentials().unwrap();
        assert_eq!((found.access_key_id.as_str(), found.secret_access_key.expose()), ("AKIADEFAULT", "one/two+three="));
        assert!(found.session_token.is_none());
        let found = files(&folder, Some("work")).credentials().unwrap();
        assert_eq!((found.secret_access_key.expose(), found.session_token), ("secret", Some("token".into())));
        assert_eq!(region_of(None, Some(&folder.join("config"))).as_deref(), Some("eu-central-1"));
        assert_eq!(region_of(Some("work"), Some(&folder.join("config"))).as_deref(), Some("us-west-2"));
        let error = files(&folder, Some("nobody")).credentials().unwrap_err();
        assert_eq!(error.kind(), llm_core::ErrorKind::Auth);
        assert!(error.message().contains("nobody") && !error.message().contains("secret #"), "{error}");
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_key_that_another_program_renews_is_read_again() {
        let folder = folder("renewed");
        let files = files(&folder, None);
        assert_eq!(files.credentials().unwrap().access_key_id, "AKIADEFAULT");
        let path = folder.join("credentials");
        std::fs::write(&path, CREDENTIALS.replace("AKIADEFAULT", "AKIAFRESH")).unwrap();
        // The time of a file may be too coarse to tell the two apart.
        let later = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1);
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(later).unwrap();
        assert_eq!(files.credentials().unwrap().access_key_id, "AKIAFRESH");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
