//! A layered landscape as an indexed PNG: sky in bands, a disc, ranges of hills.
//!
//! Whole numbers only, so that every machine draws the same bytes; few colours in large areas, so that
//! the file stays small.

/// Bands of the sky, dark above.
const BANDS: u32 = 24;

/// Ranges of hills, the nearest last.
const RANGES: u32 = 4;

/// The palette: the sky's bands, the disc, the ranges.
const DISC: u8 = 24;
const FIRST_RANGE: u8 = 25;

/// The bytes of a picture for `prompt`.
pub(super) fn png(prompt: &str, width: u32, height: u32) -> Result<Vec<u8>, png::EncodingError> {
    let mut seeds = Seeds::of(prompt);
    let palette = palette(&mut seeds);
    let pixels = pixels(&mut seeds, width, height);
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(palette);
    encoder.set_compression(png::Compression::High);
    encoder.set_filter(png::Filter::NoFilter);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels)?;
    writer.finish()?;
    Ok(bytes)
}

/// Numbers drawn from a hash of the prompt (splitmix64 over SHA-256's first half).
struct Seeds(u64);

impl Seeds {
    fn of(prompt: &str) -> Self {
        let digest = ring::digest::digest(&ring::digest::SHA256, prompt.trim().as_bytes());
        let start = digest
            .as_ref()
            .iter()
            .take(8)
            .fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
        Self(start)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From `low` to `high`, both included.
    fn between(&mut self, low: u32, high: u32) -> u32 {
        let span = u64::from(high.saturating_sub(low)) + 1;
        low + u32::try_from(self.next() % span).unwrap_or(0)
    }
}

type Colour = [u8; 3];

fn mix(from: Colour, to: Colour, part: u32, whole: u32) -> Colour {
    let channel = |a: u8, b: u8| {
        u8::try_from((u32::from(a) * (whole - part) + u32::from(b) * part) / whole)
            .unwrap_or(u8::MAX)
    };
    [
        channel(from[0], to[0]),
        channel(from[1], to[1]),
        channel(from[2], to[2]),
    ]
}

fn palette(seeds: &mut Seeds) -> Vec<u8> {
    // Above, at the horizon, disc, ground: times of the day that go together.
    const SKIES: [[Colour; 4]; 6] = [
        [[16, 24, 56], [240, 138, 93], [255, 214, 150], [14, 22, 38]],
        [[10, 20, 40], [70, 110, 150], [236, 240, 245], [8, 16, 28]],
        [
            [88, 160, 210],
            [224, 240, 248],
            [255, 236, 160],
            [34, 84, 76],
        ],
        [[58, 40, 90], [232, 130, 160], [255, 226, 200], [38, 26, 60]],
        [[24, 70, 80], [180, 214, 190], [250, 244, 214], [16, 48, 52]],
        [
            [120, 80, 60],
            [246, 208, 150],
            [255, 246, 220],
            [70, 44, 36],
        ],
    ];
    let sky = SKIES[seeds.between(0, 5) as usize];
    let [above, horizon, disc, ground] = sky;
    let mut palette: Vec<Colour> = (0..BANDS)
        .map(|band| mix(above, horizon, band, BANDS - 1))
        .collect();
    palette.push(disc);
    palette.extend((1..=RANGES).map(|range| mix(horizon, ground, range, RANGES)));
    palette.concat()
}

fn pixels(seeds: &mut Seeds, width: u32, height: u32) -> Vec<u8> {
    let horizon = height * seeds.between(55, 70) / 100;
    let radius = height * seeds.between(7, 14) / 100;
    let centre = (
        width * seeds.between(15, 85) / 100,
        horizon * seeds.between(30, 75) / 100,
    );
    let ranges: Vec<Vec<u32>> = (0..RANGES)
        .map(|range| {
            let top = horizon + (height - horizon) * range / RANGES;
            ridge(seeds, width, top, height * (14 - 2 * range) / 100)
        })
        .collect();
    let mut pixels = Vec::with_capacity((width * height) as usize);
    for y in 0..height {
        for x in 0..width {
            // The nearest range hides those behind it.
            let range = (0_u8..)
                .zip(&ranges)
                .filter(|(_, ridge)| ridge.get(x as usize).is_some_and(|top| y >= *top))
                .last();
            let colour = if let Some((range, _)) = range {
                FIRST_RANGE + range
            } else if x.abs_diff(centre.0).pow(2) + y.abs_diff(centre.1).pow(2) <= radius.pow(2) {
                DISC
            } else {
                u8::try_from((y * BANDS / horizon.max(1)).min(BANDS - 1)).unwrap_or(0)
            };
            pixels.push(colour);
        }
    }
    pixels
}

/// The upper edge of a range: heights at a few points, joined by smooth steps.
fn ridge(seeds: &mut Seeds, width: u32, top: u32, relief: u32) -> Vec<u32> {
    let points = seeds.between(4, 9);
    let heights: Vec<u32> = (0..=points + 1).map(|_| seeds.between(0, relief)).collect();
    let step = width / points + 1;
    (0..width)
        .map(|x| {
            let at = (x / step) as usize;
            let (from, to) = (
                heights.get(at).copied().unwrap_or(0),
                heights.get(at + 1).copied().unwrap_or(0),
            );
            // 3t² − 2t³ in 1/1024ths.
            let part = u64::from(x % step) * 1024 / u64::from(step);
            let smooth = part * part * (3 * 1024 - 2 * part) / (1024 * 1024);
            let height = (u64::from(from) * (1024 - smooth) + u64::from(to) * smooth) / 1024;
            top.saturating_sub(u32::try_from(height).unwrap_or(0))
        })
        .collect()
}
