//! Which addresses are public.
//!
//! Sources: IANA's "IPv4 Special-Purpose Address Registry" and "IPv6 Special-Purpose Address
//! Registry" (RFC 6890 and its updates), read in November 2026. IPv6 is a list of what is allowed:
//! only `2000::/3` is global unicast (RFC 4291, section 2.4), which leaves out loopback, link-local,
//! unique-local, multicast, the IPv4-mapped and -compatible forms and both NAT64 prefixes at once.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Denied, denied};

/// A block of IPv4 addresses that is not public: first address, prefix length, why.
type Block4 = (Ipv4Addr, u32, &'static str);

const BLOCKS_4: &[Block4] = &[
    (
        Ipv4Addr::new(0, 0, 0, 0),
        8,
        "the address means this network (RFC 791)",
    ),
    (
        Ipv4Addr::new(10, 0, 0, 0),
        8,
        "the address is private (RFC 1918)",
    ),
    (
        Ipv4Addr::new(100, 64, 0, 0),
        10,
        "the address is shared by a carrier's customers (RFC 6598)",
    ),
    (
        Ipv4Addr::new(127, 0, 0, 0),
        8,
        "the address is loopback (RFC 1122)",
    ),
    // Not in the registry: the host agent of Azure answers there, from inside a public block.
    (
        Ipv4Addr::new(168, 63, 129, 16),
        32,
        "the address is a cloud's host agent",
    ),
    (
        Ipv4Addr::new(169, 254, 0, 0),
        16,
        "the address is link-local (RFC 3927)",
    ),
    (
        Ipv4Addr::new(172, 16, 0, 0),
        12,
        "the address is private (RFC 1918)",
    ),
    (
        Ipv4Addr::new(192, 0, 0, 0),
        24,
        "the address is kept for protocols (RFC 6890)",
    ),
    (
        Ipv4Addr::new(192, 0, 2, 0),
        24,
        "the address is for documentation (RFC 5737)",
    ),
    (
        Ipv4Addr::new(192, 88, 99, 0),
        24,
        "the address is a former 6to4 relay (RFC 7526)",
    ),
    (
        Ipv4Addr::new(192, 168, 0, 0),
        16,
        "the address is private (RFC 1918)",
    ),
    (
        Ipv4Addr::new(198, 18, 0, 0),
        15,
        "the address is for benchmarks (RFC 2544)",
    ),
    (
        Ipv4Addr::new(198, 51, 100, 0),
        24,
        "the address is for documentation (RFC 5737)",
    ),
    (
        Ipv4Addr::new(203, 0, 113, 0),
        24,
        "the address is for documentation (RFC 5737)",
    ),
    (
        Ipv4Addr::new(224, 0, 0, 0),
        4,
        "the address is multicast (RFC 5771)",
    ),
    (
        Ipv4Addr::new(240, 0, 0, 0),
        4,
        "the address is reserved (RFC 1112)",
    ),
];

/// Inside `2000::/3` and still not public.
const BLOCKS_6: &[(Ipv6Addr, u32, &str)] = &[
    // Teredo (RFC 4380, embeds IPv4), benchmarking, ORCHID and the other assignments of RFC 2928.
    (
        Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0),
        23,
        "the address is kept for protocols (RFC 2928)",
    ),
    (
        Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0),
        32,
        "the address is for documentation (RFC 3849)",
    ),
    (
        Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0),
        16,
        "the address carries an IPv4 address (6to4, RFC 3056)",
    ),
    (
        Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0),
        20,
        "the address is for documentation (RFC 9637)",
    ),
];

/// Checks that `ip` is a public address.
///
/// # Errors
/// [`Denied`] for every address of a special-purpose block and every IPv6 address that carries an
/// IPv4 one, whatever that one is.
pub fn check_ip(ip: IpAddr) -> Result<(), Denied> {
    match ip {
        IpAddr::V4(ip) => check_v4(ip),
        IpAddr::V6(ip) => check_v6(ip),
    }
}

fn check_v4(ip: Ipv4Addr) -> Result<(), Denied> {
    let bits = ip.to_bits();
    for &(first, prefix, reason) in BLOCKS_4 {
        if bits >> (32 - prefix) == first.to_bits() >> (32 - prefix) {
            return Err(denied(reason));
        }
    }
    Ok(())
}

fn check_v6(ip: Ipv6Addr) -> Result<(), Denied> {
    let bits = ip.to_bits();
    if bits >> 125 != 0b001 {
        return Err(denied(outside_global_unicast(ip)));
    }
    for &(first, prefix, reason) in BLOCKS_6 {
        if bits >> (128 - prefix) == first.to_bits() >> (128 - prefix) {
            return Err(denied(reason));
        }
    }
    // ISATAP writes an IPv4 address behind 0000:5efe or 0200:5efe in any prefix (RFC 5214, 6.1).
    let [.., high, marker, _, _] = ip.segments();
    if high & !0x0200 == 0 && marker == 0x5efe {
        return Err(denied(
            "the address carries an IPv4 address (ISATAP, RFC 5214)",
        ));
    }
    Ok(())
}

/// Says why; everything outside of global unicast is refused either way.
fn outside_global_unicast(ip: Ipv6Addr) -> &'static str {
    let [first, second, third, ..] = ip.segments();
    if ip.is_unspecified() || ip.is_loopback() {
        "the address is loopback or unspecified (RFC 4291)"
    } else if ip.is_multicast() {
        "the address is multicast (RFC 4291)"
    } else if first & 0xfe00 == 0xfc00 {
        "the address is private (RFC 4193)"
    } else if first & 0xff80 == 0xfe80 {
        "the address is link-local or site-local (RFC 4291)"
    } else if (first == 0x64 && second == 0xff9b) || (first, second, third) == (0, 0, 0) {
        "the address carries an IPv4 address (RFC 4291, RFC 6052)"
    } else {
        "the address is not global unicast (RFC 4291)"
    }
}
