//! Well-formed values that cannot be, or refer to what is not there.

use super::*;

mod calibration;
mod ground;
mod model;
mod source;

#[test]
fn ids_and_the_time_zone_are_checked_with_a_suggestion() {
    for (from, to, message) in [
        (
            "id = \"test\"",
            "id = \"North Gate\"",
            "site.toml:3: site.id: is \"North Gate\"; expected 1 to 63 of a-z, 0-9, '-' and '_', the first a letter \
             or digit; write e.g. \"north-gate\"",
        ),
        ("id = \"test\"", "id = \"\"", "site.id: is \"\"; expected 1 to 63"),
        ("id = \"cam-1\"", "id = \"cam/1\"", "camera[0].id: is \"cam/1\"; expected 1 to 63"),
        (
            "Asia/Seoul",
            "Asia/Soul",
            "site.toml:4: site.time_zone: is \"Asia/Soul\"; expected a time zone of the IANA data base; did you mean \
             \"Asia/Seoul\"?",
        ),
    ] {
        assert_said(&broken(from, to), &[message]);
    }
}

#[test]
fn an_id_is_used_once() {
    let twice = format!(
        "{SOUND}\n[[zone]]\nid = \"gate\"\npolygon_m = [[-1, 8], [1, 8], [1, 12]]\nprofile = \"street_flat\"\ncapacity_people = 5\n"
    );
    assert_said(
        &twice,
        &["zone[1].id: is \"gate\", as is zone[0].id; expected an id that no other [[zone]] has"],
    );
}

#[test]
fn endpoints_are_checked_without_opening_any() {
    for (bus, message) in [
        (
            "connect = [\"mqtt/10.0.0.2:1883\"]",
            "bus.connect[0]: is not a bus endpoint: \"mqtt/10.0.0.2:1883\" has an",
        ),
        ("listen = [\"tcp/10.0.0.2\"]", "bus.listen[0]: is not a bus endpoint: \"tcp/10.0.0.2\" has no port"),
        ("mode = \"client\"", "bus.mode: is \"client\" without an endpoint to connect to"),
        ("mode = \"router\"", "bus.mode: is the text \"router\"; expected one of \"peer\", \"client\""),
        (
            "config_file = \"absent.json5\"",
            "bus.config_file: cannot read the zenoh configuration absent.json5",
        ),
    ] {
        assert_said(&format!("{SOUND}\n[bus]\n{bus}\n"), &[message]);
    }
}

#[test]
fn a_certificate_comes_with_its_key_and_https_with_both() {
    for (table, message) in [
        (
            "[publish.onvif_events]\nat = \"https://vms:x@0.0.0.0:8899\"",
            "publish.onvif_events.at: is to be served by TLS without a certificate",
        ),
        (
            "[publish.onvif_events]\nat = \"http://vms:x@0.0.0.0:8899\"\ncertificate = \"absent.pem\"\nkey = \"absent.pem\"",
            "publish.onvif_events.at: is not served by TLS, and has a certificate",
        ),
        (
            "[publish.modbus]\nuri = \"tls://10.0.0.9\"\ncertificate = \"absent.pem\"",
            "publish.modbus.key: is missing",
        ),
        (
            "[publish.gb28181]\nuri = \"sips://device@10.0.0.9/server\"\ncertificate = \"absent.pem\"\nkey = \"absent.pem\"",
            "publish.gb28181.certificate: cannot be used: cannot read the certificate",
        ),
    ] {
        let said = said(&format!("{SOUND}\n{table}\n"));
        assert!(said.iter().any(|line| line.contains(message)), "{message:?} is not in {said:#?}");
    }
}
