//! What is granted of the network, and the decision on each name and address.

use std::net::{IpAddr, Ipv4Addr};

use proptest::prelude::*;
use wasm_sandbox_policy::{
    AddressKind, ConfigValidator, HeaderSecret, HostName, InstanceConfig, NetworkGrants, NetworkHost, NetworkPolicy,
    NetworkProtocol, NetworkRefusal, NetworkRule, SandboxError,
};

fn grants(rules: &[&str]) -> NetworkGrants {
    NetworkGrants { rules: rules.iter().map(|rule| rule.parse().unwrap()).collect(), ..NetworkGrants::default() }
}

fn name(text: &str) -> HostName {
    text.parse().unwrap()
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn mistakes(grants: NetworkGrants) -> Vec<String> {
    let mut config = InstanceConfig::default();
    config.capabilities.network = NetworkPolicy::Allow(grants);
    config.validate().iter().map(ToString::to_string).collect()
}

/// Every way to write an address that some resolver takes for one, and that is not its usual form.
fn encodings(address: Ipv4Addr) -> Vec<String> {
    let [a, b, c, d] = address.octets();
    let all = u32::from(address);
    let radix = |n: u32, kind: usize| match kind {
        0 => format!("{n}"),
        1 => format!("0{n:o}"),
        2 => format!("0x{n:x}"),
        3 => format!("0X{n:X}"),
        4 => format!("0000{n:o}"),
        _ => format!("0x0000{n:x}"),
    };
    let mut texts: Vec<String> = (0..6).map(|kind| radix(all, kind)).collect();
    let parts = [a, b, c, d].map(u32::from);
    let (low16, low24) = (parts[2] << 8 | parts[3], parts[1] << 16 | parts[2] << 8 | parts[3]);
    for kind in 0..6 {
        for other in 0..6 {
            texts.push(format!("{}.{}", radix(parts[0], kind), radix(low24, other)));
            texts.push(format!("{}.{}.{}", radix(parts[0], kind), radix(parts[1], other), radix(low16, kind)));
            let four = [(0, kind), (1, other), (2, kind), (3, other)].map(|(part, kind)| radix(parts[part], kind));
            texts.push(four.join("."));
        }
    }
    let circled = |n: u8| {
        n.to_string()
            .chars()
            .map(|c| if c == '0' { '⓪' } else { char::from_u32('①' as u32 + c as u32 - '1' as u32).unwrap() })
            .collect::<String>()
    };
    texts.push([a, b, c, d].map(circled).join("."));
    let wide = |n: u8| {
        n.to_string().chars().map(|c| char::from_u32('０' as u32 + c as u32 - '0' as u32).unwrap()).collect::<String>()
    };
    texts.push([a, b, c, d].map(wide).join("。"));
    for text in [
        format!("{address}."),
        format!(" {address}"),
        format!("{address} "),
        format!("{address}\n"),
        format!("{address}\0"),
        format!("example.com@{address}"),
        format!("{address}#example.com"),
        format!("{address}?.example.com"),
        format!("{address}\\@example.com"),
        format!("{address}/"),
        format!("//{address}"),
        format!("{address}%00.example.com"),
        format!("[{address}]"),
        format!("{address}:80"),
        format!("%31{address}"),
        format!("+{address}"),
    ] {
        texts.push(text);
    }
    texts.retain(|text| *text != address.to_string());
    texts.sort();
    texts.dedup();
    texts
}

#[test]
fn f2_no_encoding_of_a_forbidden_address_is_one_or_a_name() {
    let open = grants(&["*.example.com", "8.8.8.8"]);
    let mut tried = 0;
    for forbidden in ["169.254.169.254", "127.0.0.1", "10.0.0.1"] {
        let forbidden: Ipv4Addr = forbidden.parse().unwrap();
        for text in encodings(forbidden) {
            tried += 1;
            assert!(text.parse::<NetworkHost>().is_err(), "{text:?}");
        }
        let known = NetworkHost::Address(forbidden.into());
        assert_eq!(forbidden.to_string().parse(), Ok(known), "the usual form is one");
        assert!(matches!(open.check_address(forbidden.into(), 80, []), Err(NetworkRefusal::Address(_))));
        // The twin: granted by address, it is let through.
        assert_eq!(grants(&[&format!("{forbidden}:80")]).check_address(forbidden.into(), 80, []), Ok(()));
    }
    assert!(tried >= 244, "{tried}");
    assert_eq!(open.check_address(address("8.8.8.8"), 80, []), Ok(()));
}

#[test]
fn f3_every_kind_of_address_that_is_not_public_is_refused() {
    let resolved = name("a.example.com");
    let open = grants(&["*.example.com"]);
    for (text, kind) in [
        ("0.0.0.0", AddressKind::Unspecified),
        ("::", AddressKind::Unspecified),
        ("127.0.0.1", AddressKind::Loopback),
        ("127.255.255.254", AddressKind::Loopback),
        ("::1", AddressKind::Loopback),
        ("10.0.0.1", AddressKind::Private),
        ("172.16.0.1", AddressKind::Private),
        ("172.31.255.255", AddressKind::Private),
        ("192.168.1.1", AddressKind::Private),
        ("fc00::1", AddressKind::Private),
        ("fdff:ffff::1", AddressKind::Private),
        ("fec0::1", AddressKind::Private),
        ("169.254.169.254", AddressKind::LinkLocal),
        ("fe80::1", AddressKind::LinkLocal),
        ("febf::1", AddressKind::LinkLocal),
        ("168.63.129.16", AddressKind::Metadata),
        ("fd00:ec2::254", AddressKind::Private),
        ("100.64.0.1", AddressKind::Shared),
        ("100.100.100.200", AddressKind::Shared),
        ("100.127.255.255", AddressKind::Shared),
        ("224.0.0.1", AddressKind::Multicast),
        ("239.255.255.250", AddressKind::Multicast),
        ("255.255.255.255", AddressKind::Multicast),
        ("ff02::1", AddressKind::Multicast),
        ("::ffff:127.0.0.1", AddressKind::Loopback),
        ("::ffff:a9fe:a9fe", AddressKind::LinkLocal),
        ("::127.0.0.1", AddressKind::Embedded),
        ("::ffff:0:127.0.0.1", AddressKind::Embedded),
        ("64:ff9b::7f00:1", AddressKind::Embedded),
        ("64:ff9b:1::7f00:1", AddressKind::Embedded),
        ("2002:7f00:1::1", AddressKind::Embedded),
        ("2001::7f00:1", AddressKind::Embedded),
        ("2001:db8:0:0:0:5efe:7f00:1", AddressKind::Embedded),
        ("0.1.2.3", AddressKind::Reserved),
        ("192.0.0.192", AddressKind::Reserved),
        ("192.0.2.1", AddressKind::Reserved),
        ("192.88.99.1", AddressKind::Reserved),
        ("198.18.0.1", AddressKind::Reserved),
        ("198.19.255.255", AddressKind::Reserved),
        ("198.51.100.1", AddressKind::Reserved),
        ("203.0.113.1", AddressKind::Reserved),
        ("240.0.0.1", AddressKind::Reserved),
        ("255.255.255.254", AddressKind::Reserved),
        ("100::1", AddressKind::Reserved),
        ("2001:2::1", AddressKind::Reserved),
        ("2001:20::1", AddressKind::Reserved),
        ("2001:db8::1", AddressKind::Reserved),
        ("3fff::1", AddressKind::Reserved),
        ("4000::1", AddressKind::Reserved),
        ("5f00::1", AddressKind::Reserved),
        ("fe00::1", AddressKind::Reserved),
    ] {
        let ip = address(text);
        assert_eq!(AddressKind::of(ip), kind, "{text}");
        assert_eq!(open.check_address(ip, 80, [&resolved]), Err(NetworkRefusal::Address(kind)), "{text}");
        // The twin; what is no host's address is granted by none.
        let none = matches!(kind, AddressKind::Unspecified | AddressKind::Multicast);
        assert_eq!(kind.is_one_hosts(), !none);
        let rule = ip.to_canonical().to_string();
        if none {
            let refused = rule.parse::<NetworkRule>().unwrap_err().to_string();
            assert!(refused.contains(&format!("grants nothing, since `{rule}` is {kind}, and so no host's: write ")));
        } else {
            assert_eq!(grants(&[&rule]).check_address(ip, 80, []), Ok(()), "{text}");
        }
    }
    let everything = grants(&["0.0.0.0/0", "udp://0.0.0.0/0"]);
    for nobody in ["0.0.0.0", "239.255.255.250", "255.255.255.255"] {
        assert!(everything.check_address(address(nobody), 80, []).is_err(), "{nobody}");
        assert!(everything.check_datagram(address(nobody), 80, []).is_err(), "{nobody}");
    }
    assert_eq!(everything.check_datagram(address("10.0.0.1"), 80, []), Ok(()));
    for public in [
        "8.8.8.8",
        "1.1.1.1",
        "172.32.0.1",
        "100.128.0.1",
        "198.20.0.1",
        "2606:4700::1111",
        "2a00::1",
        "::ffff:8.8.8.8",
    ] {
        assert_eq!(AddressKind::of(address(public)), AddressKind::Public, "{public}");
        assert_eq!(open.check_address(address(public), 80, [&resolved]), Ok(()), "{public}");
        assert_eq!(open.check_address(address(public), 80, []), Err(NetworkRefusal::Host), "{public}");
    }
    // With a zone it is no address of this machine's choosing.
    assert!("fe80::1%1".parse::<NetworkHost>().is_err());
}

#[test]
fn f6_ports_that_are_not_granted_are_refused() {
    let open = grants(&["a.com:443", "8.8.8.0/24:53-60", "b.com", "10.0.0.1:80"]);
    assert_eq!(open.check_name(&name("a.com"), Some(443)), Ok(()));
    assert_eq!(open.check_name(&name("a.com"), None), Ok(()));
    for port in [0, 80, 442, 444, 65_535] {
        assert_eq!(open.check_name(&name("a.com"), Some(port)), Err(NetworkRefusal::Port), "{port}");
    }
    assert_eq!(open.check_name(&name("b.com"), Some(0)), Err(NetworkRefusal::Port));
    assert_eq!(open.check_name(&name("b.com"), Some(1)), Ok(()));
    for (port, expected) in
        [(52, Err(NetworkRefusal::Port)), (53, Ok(())), (60, Ok(())), (61, Err(NetworkRefusal::Port))]
    {
        assert_eq!(open.check_address(address("8.8.8.8"), port, []), expected, "{port}");
    }
    assert_eq!(open.check_address(address("8.8.9.8"), 53, []), Err(NetworkRefusal::Host));
    assert_eq!(open.check_address(address("10.0.0.1"), 443, []), Err(NetworkRefusal::Port));
    assert_eq!(open.check_address(address("1.1.1.1"), 80, [&name("a.com")]), Err(NetworkRefusal::Port));
    for wrong in [
        "a.com:0",
        "a.com:65536",
        "a.com:",
        "a.com:-1",
        "a.com:80-",
        "a.com:-",
        "a.com:90-80",
        "a.com:+80",
        "a.com:8 0",
        "a.com:0-80",
        "[::1]:0",
        "[::1]:",
        "[::1]80",
    ] {
        assert!(wrong.parse::<NetworkRule>().is_err(), "{wrong}");
    }
}

#[test]
fn f13_wildcards_are_for_names_below_and_for_nothing_else() {
    let open = grants(&["*.a.com", "b.com", "xn--bcher-kva.example"]);
    for inside in [
        "x.a.com",
        "X.A.COM",
        "x.y.a.com",
        "x.a.com.",
        "b.com",
        "B.com.",
        "xn--bcher-kva.example",
        "XN--BCHER-kva.EXAMPLE",
        "b\u{fc}cher.example",
        "B\u{dc}CHER.example.",
        "bu\u{308}cher\u{3002}example\u{3002}",
        "\u{ff58}.\u{ff41}.com",
        "x.a\u{200b}.com",
    ] {
        assert_eq!(open.check_name(&name(inside), Some(443)), Ok(()), "{inside}");
    }
    for outside in [
        "a.com",
        "a.com.",
        "a.com.evil",
        "x.a.com.evil",
        "evila.com",
        "x.evila.com",
        "a.comx",
        "x.b.com",
        "b.com.evil",
        "xb.com",
        "com",
        "xn--bcher-kva.example.evil",
        "b\u{fc}cher.example.evil",
        "bucher.example",
        "x.\u{430}.com",
        "b\u{fc}\u{441}her.example",
    ] {
        assert_eq!(open.check_name(&name(outside), Some(443)), Err(NetworkRefusal::Host), "{outside}");
    }
    for none in [
        "x.a.com..",
        "b\u{fc}cher..example",
        "b\u{fc}cher.example/x",
        "b\u{fc}cher.xn--a",
        "x\u{ff20}a.com",
        "\u{2460}\u{2461}\u{2466}.0.0.1",
        "127\u{3002}0\u{3002}0\u{3002}1",
        "\u{ad}",
        ".a.com",
        "x..a.com",
        "*.a.com",
        "a_b.com:80",
        "",
        ".",
        "a b.com",
        "-a.com",
        "a-.com",
        "a.com/x",
        "x@a.com",
        "x.a.com%00",
    ] {
        assert!(none.parse::<NetworkHost>().is_err(), "{none:?}");
    }
    let wide = format!("{}.com", ["\u{ff41}"; 125].join("."));
    assert!(wide.parse::<HostName>().is_ok() && "\u{fc}".repeat(10_000).parse::<HostName>().is_err());
    let long = format!("{}.com", ["a"; 125].join("."));
    assert!(long.parse::<HostName>().is_ok() && format!("a.{long}").parse::<HostName>().is_err());
    assert!("a".repeat(63).parse::<HostName>().is_ok() && "a".repeat(64).parse::<HostName>().is_err());
}

#[test]
fn rules_read_as_they_are_written() {
    for (text, written) in [
        ("tcp://a.com:80", "a.com:80"),
        ("A.Com.", "a.com"),
        ("*.A.com:1-65535", "*.a.com"),
        ("1.2.3.4", "1.2.3.4"),
        ("1.2.3.4/32:80", "1.2.3.4:80"),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("::/0", "::/0"),
        ("[fd00::/8]:80-90", "[fd00::/8]:80-90"),
        ("[::1]:80", "[::1]:80"),
        ("[::1]", "::1"),
        ("0.0.0.0/0:80", "0.0.0.0/0:80"),
        ("0.0.0.0/31", "0.0.0.0/31"),
        ("224.0.0.0/3", "224.0.0.0/3"),
        ("a.com:80-80", "a.com:80"),
        ("Bücher.example:443", "xn--bcher-kva.example:443"),
        ("*.bücher.example", "*.xn--bcher-kva.example"),
    ] {
        let rule: NetworkRule = text.parse().unwrap();
        assert_eq!(rule.to_string(), written);
        assert_eq!(written.parse::<NetworkRule>().unwrap(), rule);
    }
    for (wrong, said) in [
        ("*", "can have a `*` only as its first part"),
        ("a.*.b", "can have a `*` only"),
        ("*a.com", "can have a `*` only"),
        ("*.*.com", "can have a `*` only"),
        ("*.1.2.3.4", "must be a network such as"),
        ("bücher .example", "must be a name that has an ASCII form"),
        ("127.1", "ends like an address"),
        ("0x7f000001", "ends like an address"),
        ("010.0.0.1", "ends like an address"),
        ("10.0.0.1/8", "must begin with the network's first address"),
        ("10.0.0.0/33", "must have a length from 0 to 32"),
        ("::ffff:10.0.0.0/104", "must be written as IPv4"),
        ("10.0.0.0/08x", "must have a length"),
        ("0.0.0.0:80", "write `127.0.0.1` for this machine, or `0.0.0.0/0` for every address"),
        ("udp://[::]:80", "write `[::1]` for this machine, or `[::/0]` for every address"),
        ("239.1.2.0/24:80", "`239.1.2.0/24` is multicast, and so no host's"),
        ("ff02::/16", "`ff02::/16` is multicast"),
        ("https://a.com/x", "must be a host and a port, and no URL: write `a.com:443`"),
        ("http://a.com", "write `a.com:80`"),
        ("http://a.com:8080/", "write `a.com:8080`"),
        ("udp://udp://a.com:53", "must be a network such as"),
        ("quic://a.com:53", "must be a host and a port, and no URL"),
        ("[::1", "must close its `[`"),
        ("[1.2.3.4]:80", "can have only IPv6 in brackets"),
        ("", "must be a name such as"),
        ("a.com/x", "must be a network such as"),
    ] {
        let error = wrong.parse::<NetworkRule>().unwrap_err().to_string();
        assert!(error.starts_with(&format!("`{wrong}` is not a network rule: it ")) && error.contains(said), "{error}");
    }
}

#[test]
fn mistakes_in_what_is_granted_are_said_with_what_to_write() {
    let at = "capabilities.network.allow";
    assert_eq!(
        mistakes(NetworkGrants::default()),
        [format!(
            "{at}.rules: without a rule nothing is granted; name a host, such as `example.com:443`, or write `network = \"deny\"`"
        )]
    );
    assert_eq!(
        mistakes(grants(&["localhost:80"])),
        [format!(
            "{at}.rules[0]: `localhost:80` grants nothing, since names open public addresses only; write the address: `127.0.0.1:80`"
        )]
    );
    assert_eq!(
        mistakes(grants(&["a.com", "a.com:80"])),
        [format!("{at}.rules[1]: `a.com:80` grants nothing that `a.com` does not; take one of the two out")]
    );
    assert_eq!(mistakes(grants(&["x.a.com", "*.a.com", "x.a.com"])).len(), 2);
    assert_eq!(mistakes(grants(&["a.com:1-100", "a.com:50-200", "127.0.0.1:80"])), [""; 0]);
    let amounts = NetworkGrants {
        connections: 0,
        total_connections: 0,
        bytes_sent: Default::default(),
        connect_timeout: Default::default(),
        ..grants(&["a.com"])
    };
    assert_eq!(mistakes(amounts).len(), 4);
    assert_eq!(
        mistakes(NetworkGrants { connections: 1025, ..grants(&["a.com"]) }),
        [format!("{at}.connections: 1025 is out of range; from 1 to 1024")]
    );
    assert_eq!(mistakes(NetworkGrants { roots: vec!["".into()], ..grants(&["a.com"]) }).len(), 1);
}

#[test]
fn f17_a_secret_is_for_one_granted_host() {
    let secret = |host: &str, header: &str, value: &str| HeaderSecret {
        host: host.parse().unwrap(),
        header: header.to_owned(),
        value: value.into(),
        unencrypted: false,
    };
    let with = |rules: &[&str], one: HeaderSecret| NetworkGrants { secrets: vec![one], ..grants(rules) };
    let good = with(&["*.a.com:443"], secret("x.a.com:443", "Authorization", "Bearer s3cret"));
    assert_eq!(mistakes(good.clone()), [""; 0]);
    assert_eq!(good.secrets_for(&"X.a.com.".parse().unwrap(), 443).count(), 1);
    for (host, port) in [("y.a.com", 443), ("a.com", 443), ("x.a.com.evil", 443), ("x.a.com", 80), ("x.a.com", 444)] {
        assert_eq!(good.secrets_for(&host.parse().unwrap(), port).count(), 0, "{host}:{port}");
    }
    for (grants, field) in [
        (with(&["a.com:443"], secret("b.com:443", "A", "1")), "host"),
        (with(&["a.com:443"], secret("a.com", "A", "1")), "host"),
        (with(&["*.a.com:443"], secret("*.a.com:443", "A", "1")), "host"),
        (with(&["10.0.0.0/8:1"], secret("10.0.0.0/8:1", "A", "1")), "host"),
        (with(&["a.com"], secret("a.com:443", "A b", "1")), "header"),
        (with(&["a.com"], secret("a.com:443", "", "1")), "header"),
        (with(&["a.com"], secret("a.com:443", "Host", "1")), "header"),
        (with(&["a.com"], secret("a.com:443", "Content-Length", "1")), "header"),
        (with(&["a.com"], secret("a.com:443", "A", "")), "value"),
        (with(&["a.com"], secret("a.com:443", "A", "1\r\nB: 2")), "value"),
        (with(&["a.com"], secret("a.com:443", "A", " 1")), "value"),
        (with(&["a.com"], secret("a.com:443", "A", "ü")), "value"),
    ] {
        let said = mistakes(grants);
        assert!(
            said.len() == 1 && said[0].starts_with(&format!("capabilities.network.allow.secrets[0].{field}: ")),
            "{said:?}"
        );
    }
    let mut twice = good.clone();
    twice.secrets.push(secret("x.a.com:443", "authorization", "2"));
    assert_eq!(mistakes(twice).len(), 1);
}

#[test]
fn f17_a_secret_is_shown_nowhere() {
    let config = InstanceConfig::builder()
        .network_allow("a.com:443")
        .network_secret("a.com:443", "Authorization", "Bearer s3cret")
        .build()
        .unwrap();
    let hidden = config.without_secrets();
    for text in [
        format!("{config:?}"),
        hidden.to_json().unwrap(),
        format!("{:?}", config.validate()),
        format!("{:?}", ConfigValidator::new(&config).suggest_improvements()),
    ] {
        assert!(!text.contains("s3cret"), "{text}");
    }
    assert!(config.to_toml().unwrap().contains("s3cret"), "the policy itself has it");
    assert_eq!(hidden.clone().with_secrets_of(&config), Some(config.clone()));
    assert_eq!(hidden.with_secrets_of(&InstanceConfig::default()), None);
    // Where it was mistyped, or is in the place of something else, too.
    let one = |host: &str, header: &str, value: &str| {
        let rules = "[capabilities.network.allow]\nrules = [\"a.com:443\"]\n";
        let secret = format!("host = {host}\nheader = {header}\nvalue = {value}\n");
        format!("{rules}[[capabilities.network.allow.secrets]]\n{secret}")
    };
    let (host, header, secret) = ("\"a.com:443\"", "\"Authorization\"", "\"Bearer 12345\"");
    assert!(InstanceConfig::from_toml(&one(host, header, secret)).is_ok());
    for (text, said) in [
        (one(host, header, "12345"), "expected text in quotes"),
        (one(host, header, "[\"12345\"]"), "expected"),
        (one(host, header, "\" Bearer 12345\""), "it is empty"),
        (one(host, secret, header), "it is no name of a header"),
        (one(secret, header, host), "expected a host and its port"),
        (one("\"sk-12345\"", header, host), "not one host and one port"),
        (one("12345", header, secret), "expected"),
        (format!("{0}unencrypted = {secret}\n", one(host, header, secret)), "expected a boolean"),
        (format!("[capabilities.network.allow]\nrules = [{host}]\nsecrets = [{secret}]\n"), "expected a table"),
        (format!("[capabilities.network.allow]\nrules = [{host}]\nsecrets = {secret}\n"), "expected a list"),
    ] {
        let error = InstanceConfig::from_toml(&text).unwrap_err().to_string();
        assert!(!error.contains("12345") && error.contains(said), "{error}");
        assert!(error.contains("capabilities.network.allow.secrets"), "{error}");
    }
}

#[test]
fn a_policy_that_is_read_says_where_its_rules_are_wrong() {
    let text = "[capabilities.network.allow]\nrules = [\n  \"a.com:0\",\n  5,\n  \"b.com\",\n  [\"c.com\"],\n]\nroot = []\n[[capabilities.network.allow.secrets]]\nhost = \"c.com:1\"\nheader = \"A\"\nvalue = \"1\"\n";
    let Err(SandboxError::Configuration { problems }) = InstanceConfig::from_toml(text) else { panic!() };
    let mut said: Vec<String> = problems.iter().map(ToString::to_string).collect();
    said.sort();
    assert_eq!(
        said,
        [
            "capabilities.network.allow.root (line 8): there is no such setting; did you mean `roots`?",
            "capabilities.network.allow.rules[0] (line 3): `a.com:0` is not a network rule: it must have a port from 1 to 65535 after its `:`, or a range such as `8000-8080`",
            "capabilities.network.allow.rules[1] (line 4): expected a network rule in quotes, such as `\"example.com:443\"`, found integer `5`",
            "capabilities.network.allow.rules[3] (line 6): expected a network rule in quotes, such as `\"example.com:443\"`, found a list",
        ]
    );
    let built = InstanceConfig::builder()
        .filesystem_memory("x")
        .network_allow("a.com")
        .network_allow("*")
        .network_allow("127.1")
        .build();
    let Err(SandboxError::Configuration { problems }) = built else { panic!() };
    let fields: Vec<&str> = problems.iter().map(|problem| problem.field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "capabilities.filesystem.mounts[0].guest",
            "capabilities.network.allow.rules[1]",
            "capabilities.network.allow.rules[2]"
        ]
    );
}

#[test]
fn what_grants_much_is_worth_a_word() {
    let advice = |rules: &[&str]| {
        let mut config = InstanceConfig::default();
        config.capabilities.network = NetworkPolicy::Allow(grants(rules));
        ConfigValidator::new(&config).suggest_improvements().len()
    };
    assert_eq!((advice(&["a.com:443", "127.0.0.1:80"]), advice(&["a.com"])), (0, 1));
    assert_eq!((advice(&["169.254.0.0/16:80"]), advice(&["0.0.0.0/0"]), advice(&["[::/0]:1"])), (1, 3, 1));
}

proptest! {
    /// Whatever name a rule has, addresses that are not public stay closed; and what is public is only opened by its name.
    #[test]
    fn f3_names_never_open_what_is_not_public(bits in any::<u128>(), v4 in any::<bool>(), port in any::<u16>()) {
        let ip = if v4 { IpAddr::V4((bits as u32).into()) } else { IpAddr::V6(bits.into()) };
        let open = grants(&["*.example.com", "a.com:1-100"]);
        let public = AddressKind::of(ip) == AddressKind::Public;
        let (wide, narrow, other) = (name("x.example.com"), name("a.com"), name("b.com"));
        prop_assert_eq!(open.check_address(ip, port, [&wide]).is_ok(), public && port > 0);
        prop_assert_eq!(open.check_address(ip, port, [&narrow]).is_ok(), public && (1..=100).contains(&port));
        prop_assert!(open.check_address(ip, port, [&other]).is_err());
        let single = ip.to_canonical().to_string().parse::<NetworkRule>();
        prop_assert_eq!(single.is_ok(), AddressKind::of(ip).is_one_hosts());
        if let Ok(rule) = single {
            prop_assert_eq!(grants(&[&rule.to_string()]).check_address(ip, port, []).is_ok(), port > 0);
        }
    }

    /// What is refused before a policy is passed on is refused after it, too.
    #[test]
    fn narrowing_opens_nothing(one in crate::policies::policy(), other in crate::policies::policy(), bits in any::<u32>(), port in any::<u16>()) {
        let both = one.narrowed_by(&other);
        let open = |config: &InstanceConfig, ip| config.capabilities.network.grants().is_some_and(|grants| grants.check_address(ip, port, []).is_ok());
        for ip in [IpAddr::V4(bits.into()), IpAddr::V4((bits & 0x00ff_ffff | 0x0a00_0000).into()), address("10.1.2.3"), address("fd00::1"), address("::1")] {
            prop_assert!(!open(&both, ip) || (open(&one, ip) && open(&other, ip)), "{}", ip);
        }
        for host in ["a.com", "x.a.com", "y.x.a.com", "b.com"] {
            let open = |config: &InstanceConfig| config.capabilities.network.grants().is_some_and(|grants| grants.check_name(&name(host), Some(port)).is_ok());
            prop_assert_eq!(open(&both), open(&one) && open(&other), "{}", host);
        }
    }

    #[test]
    fn no_text_makes_a_rule_that_cannot_be_written(text in "[a-z0-9.*:/\\[\\]-]{0,24}|\\PC{0,12}") {
        if let Ok(rule) = text.parse::<NetworkRule>() {
            prop_assert_eq!(rule.to_string().parse::<NetworkRule>(), Ok(rule));
        }
    }
}

#[test]
fn f1_f8_datagrams_and_connections_are_granted_by_themselves() {
    let open = grants(&["udp://dns.example.com:53", "udp://192.0.2.7", "web.example.com:53", "198.51.100.0/24:53"]);
    for (rule, written) in
        [("udp://a.com", "udp://a.com"), ("tcp://a.com:1", "a.com:1"), ("udp://[::1]:5-6", "udp://[::1]:5-6")]
    {
        let rule: NetworkRule = rule.parse().unwrap();
        assert_eq!(
            (rule.to_string().as_str(), rule.protocol() == NetworkProtocol::Udp),
            (written, written.starts_with("udp"))
        );
        assert_eq!(written.parse(), Ok(rule));
    }
    let public = address("8.8.8.8");
    let (dns, web) = (name("dns.example.com"), name("web.example.com"));
    assert_eq!(open.check_name(&dns, None), Ok(()), "either lets it be resolved");
    assert_eq!(open.check_name(&dns, Some(53)), Err(NetworkRefusal::Port));
    assert_eq!(open.check_datagram(public, 53, [&dns]), Ok(()));
    assert_eq!(open.check_datagram(public, 53, [&web]), Err(NetworkRefusal::Port));
    assert_eq!(open.check_address(public, 53, [&dns]), Err(NetworkRefusal::Port));
    assert_eq!(open.check_address(public, 53, [&web]), Ok(()));
    assert_eq!(open.check_datagram(public, 53, []), Err(NetworkRefusal::Host));
    for (to, port, datagram, connection) in [
        ("192.0.2.7", 99, Ok(()), Err(NetworkRefusal::Port)),
        ("192.0.2.7", 0, Err(NetworkRefusal::Port), Err(NetworkRefusal::Port)),
        ("198.51.100.9", 53, Err(NetworkRefusal::Port), Ok(())),
    ] {
        assert_eq!(open.check_datagram(address(to), port, []), datagram, "{to}");
        assert_eq!(open.check_address(address(to), port, []), connection, "{to}");
    }
    assert_eq!(
        open.check_datagram(address("169.254.169.254"), 53, [&dns]),
        Err(NetworkRefusal::Address(AddressKind::LinkLocal))
    );
}

#[test]
fn datagrams_are_narrowed_by_themselves_and_carry_no_secrets() {
    let both = |ours: &[&str], theirs: &[&str]| {
        let [ours, theirs] = [ours, theirs].map(|rules| {
            rules.iter().fold(InstanceConfig::builder(), |builder, rule| builder.network_allow(rule)).build().unwrap()
        });
        let both = ours.narrowed_by(&theirs);
        let rules = both.capabilities.network.grants().map(|grants| grants.rules.clone()).unwrap_or_default();
        rules.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(both(&["udp://a.com:53"], &["a.com:53"]), [""; 0]);
    assert_eq!(both(&["udp://*.a.com:50-60"], &["udp://b.a.com:55-99", "b.a.com"]), ["udp://b.a.com:55-60"]);
    let with_secret = |host: &str| {
        let mut both = grants(&["udp://a.com:53", "b.com:443"]);
        let (host, value) = (host.parse().unwrap(), "x".into());
        both.secrets = vec![HeaderSecret { host, header: "Authorization".to_owned(), value, unencrypted: false }];
        mistakes(both)
    };
    assert!(with_secret("udp://a.com:53")[0].contains("it is not one host and one port"));
    assert_eq!(with_secret("b.com:443"), [""; 0]);
    assert!(mistakes(grants(&["udp://localhost:53"]))[0].contains("write the address: `udp://127.0.0.1:53`"));
    assert_eq!(mistakes(grants(&["udp://a.com:53", "a.com:53"])), [""; 0]);
}
