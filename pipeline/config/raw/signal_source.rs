//! The site file's words about who may tell of what happens outside.

use schemars::JsonSchema;
use serde::Deserialize;
use throng_analytics::wire::SignalKind;

/// Who may tell of what happens outside. Each signal is signed; it lowers thresholds, and never raises them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignalSource {
    /// Name of the key; signals name it.
    #[schemars(required, title = "the name of a key", example = &"weather-1")]
    pub id: Option<String>,
    /// Whose it is.
    #[schemars(required, title = "a name", example = &"weather service")]
    pub issuer: Option<String>,
    /// Public key in PEM, as `openssl pkey -in KEY.pem -pubout` writes it.
    #[schemars(required, title = "the file name of a public key", example = &"keys/weather-1.pub.pem")]
    pub file: Option<String>,
    /// What it may tell: `weather`, `road_closure`, `flooding`, `train_arrival`, `event`. Default: all of them.
    #[schemars(example = ["weather", "flooding"])]
    pub kinds: Option<Vec<SignalKind>>,
}
