//! `storekeeper setup nginx`: the site that puts the shop on the network with TLS.

use std::fs;
use std::path::{Path, PathBuf};

use super::steps::{put_back, run as run_command};
use crate::cli::arguments::Arguments;
use crate::cli::{Failure, Outcome, settings_file};
use crate::values::ListenAddress;

const SITE: &str = include_str!("../../../scripts/deploy/nginx.conf");
pub const SITE_FILE: &str = "/etc/nginx/conf.d/storekeeper.conf";
/// Where certbot keeps what it has got, by name.
const CERTBOT_FOLDER: &str = "/etc/letsencrypt/live";
/// Where a certificate of the shop's own is kept until there is a public one.
const OWN_FOLDER: &str = "/etc/storekeeper/tls";
/// A certificate that nobody renews had better last: as long as browsers take one at all from an authority of one's own.
const OWN_DAYS: &str = "820";
/// Where the socket unit has the service listen.
const SERVICE_SOCKET: &str = "/run/storekeeper.sock";

pub fn run(arguments: &Arguments) -> Outcome {
    let name = arguments
        .value("name")
        .ok_or("setup nginx needs --name: the name of the shop on the network, such as shop.example")?;
    if !is_host(name) {
        return Err("--name must be the name of a host, such as shop.example".into());
    }
    let site = PathBuf::from(arguments.value("site").unwrap_or(SITE_FILE));
    // A name without a folder is one of the folder that this runs in.
    let folder = site.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Err(format!(
            "{} is missing: install nginx first (the package nginx-light is enough)",
            folder.display()
        )
        .into());
    }
    let certificate = Certificate::of(name)?;
    let before = fs::read(&site).ok();
    println!("- write {}", site.display());
    fs::write(&site, filled_in(name, &certificate, &upstream()?)?)
        .map_err(|cause| format!("{} cannot be written: {cause}; run this as root (sudo)", site.display()))?;
    if let Err(Failure { message: cause, .. }) = run_command(&["nginx", "-t"]).and_then(|()| reload()) {
        put_back(&site, before)?;
        return Err(format!("{cause}\nThe site is as it was before.").into());
    }
    println!("\nThe shop answers at https://{name}/ and its desk at https://{name}/desk.");
    if !certificate.is_public {
        println!(
            "Browsers do not know its certificate yet. Once {name} leads here from the internet, this gets a public one:"
        );
        println!(
            "  sudo certbot certonly --nginx -d {name} --deploy-hook 'storekeeper setup nginx --name {name}'"
        );
    }
    Ok(std::process::ExitCode::SUCCESS)
}

struct Certificate {
    chain: PathBuf,
    key: PathBuf,
    is_public: bool,
}

impl Certificate {
    /// Certbot's, where it has got one, or one of the shop's own.
    fn of(name: &str) -> Result<Certificate, Failure> {
        let certbots = Path::new(CERTBOT_FOLDER).join(name);
        let (chain, key) = (certbots.join("fullchain.pem"), certbots.join("privkey.pem"));
        if chain.exists() && key.exists() {
            return Ok(Certificate { chain, key, is_public: true });
        }
        let folder = Path::new(OWN_FOLDER);
        let (chain, key) = (folder.join(format!("{name}.pem")), folder.join(format!("{name}.key")));
        if !(chain.exists() && key.exists()) {
            fs::create_dir_all(folder).map_err(|cause| format!("{OWN_FOLDER}: {cause}"))?;
            // Programs look at the alternative name; the other one may have 64 letters, which is too few for some hosts.
            let alternative = format!("subjectAltName=DNS:{name}");
            let paths = [&chain, &key].map(|path| path.to_string_lossy());
            let made = run_command(&[
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
                "-days",
                OWN_DAYS,
                "-subj",
                "/CN=storekeeper",
                "-addext",
                &alternative,
                "-out",
                &paths[0],
                "-keyout",
                &paths[1],
            ]);
            if made.is_err() {
                // One without the other is of no use, and would be taken for whole.
                let _ = (fs::remove_file(&chain), fs::remove_file(&key));
            }
            made?;
        }
        Ok(Certificate { chain, key, is_public: false })
    }
}

/// Where the service of this machine answers, as nginx writes it.
fn upstream() -> Result<String, Failure> {
    if Path::new(SERVICE_SOCKET).exists() {
        return Ok(format!("unix:{SERVICE_SOCKET}"));
    }
    let settings = settings_file::read(Path::new(settings_file::SETTINGS_FILE))?.unwrap_or_default();
    let listen = settings.iter().find(|(name, _)| name == "STOREKEEPER_LISTEN");
    let listen = listen.map_or("127.0.0.1:8080", |(_, address)| address);
    Ok(match listen.parse::<ListenAddress>()? {
        ListenAddress::Tcp(address) => address.to_string(),
        ListenAddress::Unix(path) => format!("unix:{}", path.display()),
    })
}

/// The site with what is this shop's own.
fn filled_in(name: &str, certificate: &Certificate, upstream: &str) -> Result<String, Failure> {
    let replaced = [
        ("server unix:/run/storekeeper.sock", format!("server {upstream}")),
        ("server_name shop.example;", format!("server_name {name};")),
        (
            "ssl_certificate /etc/ssl/storekeeper/fullchain.pem;",
            format!("ssl_certificate {};", certificate.chain.display()),
        ),
        (
            "ssl_certificate_key /etc/ssl/storekeeper/privkey.pem;",
            format!("ssl_certificate_key {};", certificate.key.display()),
        ),
    ];
    let mut site = SITE.to_owned();
    for (line, own) in replaced {
        if !site.contains(line) {
            return Err(format!("the site that this program brings lacks the line {line}").into());
        }
        site = site.replace(line, &own);
    }
    Ok(site)
}

fn reload() -> Result<(), Failure> {
    if Path::new("/run/systemd/system").is_dir() {
        // Starts it too, if it does not run.
        run_command(&["systemctl", "reload-or-restart", "nginx"])
    } else if is_running() {
        run_command(&["nginx", "-s", "reload"])
    } else {
        run_command(&["nginx"])
    }
}

/// Whether the process of the note that nginx leaves is there; an empty note stays of one that was never started.
fn is_running() -> bool {
    let note = fs::read_to_string("/run/nginx.pid").unwrap_or_default();
    note.trim().parse::<u32>().is_ok_and(|pid| Path::new("/proc").join(pid.to_string()).exists())
}

fn is_host(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_site_is_filled_in() {
        let certificate = Certificate { chain: "/c.pem".into(), key: "/c.key".into(), is_public: false };
        let site = filled_in("tea.example", &certificate, "unix:/run/storekeeper.sock").ok().expect("a site");
        for line in [
            "server unix:/run/storekeeper.sock",
            "server_name tea.example;",
            "ssl_certificate /c.pem;",
            "ssl_certificate_key /c.key;",
        ] {
            assert_eq!(site.matches(line).count(), 1, "{line}");
        }
        assert!(!site.contains("shop.example;\n"), "{site}");
    }

    #[test]
    fn a_name_is_that_of_a_host() {
        assert!(
            ["shop.example", "shop", "192.0.2.1", "xn--caf-dma.example"].iter().all(|name| is_host(name))
        );
        let long = "a.".repeat(200);
        for name in ["", "shop.", "-shop", "shop example", "shop;", "shop/x", "café.example", &long] {
            assert!(!is_host(name), "{name}");
        }
    }
}
