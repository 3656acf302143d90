//! Ids of models: as they are called in one region or across several, and by ARNs.

/// What stands before a model's id when it is reached across regions.
const REGIONS: [&str; 11] = ["us.", "us-gov.", "eu.", "apac.", "jp.", "au.", "ca.", "sa.", "me.", "in.", "global."];

/// The names that a model has in a catalogue, nearest first: what an ARN ends in, that without its region, its family.
pub fn names(model: &str) -> [&str; 3] {
    let id = model.rsplit('/').next().unwrap_or(model);
    [id, without_region(id), family(id)]
}

fn without_region(id: &str) -> &str {
    REGIONS.iter().find_map(|region| id.strip_prefix(region)).unwrap_or(id)
}

/// The family of an id: `us.anthropic.claude-haiku-4-5-20251001-v1:0` is of `anthropic.claude-haiku-4-5`.
pub fn family(model: &str) -> &str {
    let id = without_region(model.rsplit('/').next().unwrap_or(model));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let without_version = |id| match str::rsplit_once(id, "-v") {
        Some((stem, version)) if digits(version) => stem,
        _ => id,
    };
    // `-v1:0`, `-v3-5:0`, and `-1:0` of gpt-oss.
    let id = match id.rsplit_once(':') {
        Some((stem, number)) if digits(number) => match stem.rsplit_once('-') {
            Some((stem, minor)) if digits(minor) => without_version(stem),
            _ => without_version(stem),
        },
        _ => without_version(id),
    };
    match id.rsplit_once('-') {
        Some((stem, date)) if date.len() == 8 && digits(date) => stem,
        _ => id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_dates_and_versions_are_not_the_family() {
        let check = |model, expected| assert_eq!(family(model), expected);
        check("us.anthropic.claude-haiku-4-5-20251001-v1:0", "anthropic.claude-haiku-4-5");
        check("anthropic.claude-3-5-sonnet-20241022-v2:0", "anthropic.claude-3-5-sonnet");
        check("us.anthropic.claude-opus-4-6-v1", "anthropic.claude-opus-4-6");
        check("global.anthropic.claude-sonnet-5", "anthropic.claude-sonnet-5");
        check("amazon.nova-2-lite-v1:0", "amazon.nova-2-lite");
        check("openai.gpt-oss-120b-1:0", "openai.gpt-oss-120b");
        check("mistral.mistral-large-2407-v1:0", "mistral.mistral-large-2407");
        check("cohere.rerank-v3-5:0", "cohere.rerank");
        check("mistral.devstral-2-123b", "mistral.devstral-2-123b");
        check("arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0", "amazon.nova-lite");
        check("", "");
    }

    #[test]
    fn a_model_has_an_id_in_its_arn_and_a_family() {
        let arn = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0";
        let expected = ["us.amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0", "amazon.nova-lite"];
        assert_eq!(names(arn), expected);
        assert_eq!(names(expected[0]), expected);
    }
}
