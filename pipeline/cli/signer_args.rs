//! Who speaks to a site, and signs for it: the options that `throng signal` and `throng speak` share.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{ArgAction, Args};

use crate::publish::{Id, Network, signature::CommandSigner};

/// To which site, through what, and with whose key. An environment variable stands in for each of the first four.
#[derive(Args, Clone, Debug)]
pub struct SignerArgs {
    /// The site. Default: `THRONG_SITE`.
    #[arg(long)]
    pub site: Option<String>,
    /// Your private key (PEM). Default: `THRONG_KEY`.
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Name of the key, as the other side knows it. Default: `THRONG_KEY_ID`.
    #[arg(long)]
    pub key_id: Option<String>,
    /// Your name, as the other side knows it. Default: `THRONG_ISSUER`.
    #[arg(long)]
    pub issuer: Option<String>,
    /// Endpoint of a router or peer; may be repeated. Default: loopback.
    #[arg(long, value_name = "ENDPOINT", action = ArgAction::Append)]
    pub connect: Vec<String>,
}

impl SignerArgs {
    /// The site.
    ///
    /// # Errors
    /// It is not given, or no id.
    pub fn site(&self) -> anyhow::Result<Id> {
        Id::new(given(self.site.as_deref(), "--site", "THRONG_SITE")?)
    }

    /// Who signs.
    ///
    /// # Errors
    /// One of the three is not given, or the file is no private key.
    pub fn signer(&self) -> anyhow::Result<CommandSigner> {
        let key = self.key.clone().or_else(|| std::env::var_os("THRONG_KEY").map(PathBuf::from));
        let key = key.context("it must be signed: give --key, or set THRONG_KEY")?;
        let key_id = given(self.key_id.as_deref(), "--key-id", "THRONG_KEY_ID")?;
        let issuer = given(self.issuer.as_deref(), "--issuer", "THRONG_ISSUER")?;
        CommandSigner::from_pem_file(&issuer, &key_id, &key)
    }

    /// The bus.
    pub fn network(&self) -> Network {
        Network { connect: self.connect.clone(), ..Network::default() }
    }
}

/// What an option says, or the variable that stands in for it.
fn given(value: Option<&str>, option: &str, variable: &str) -> anyhow::Result<String> {
    let value = value.map(str::to_owned).or_else(|| std::env::var(variable).ok());
    value.with_context(|| format!("{option} is missing: give it, or set {variable}"))
}
