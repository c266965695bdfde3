//! The cases that do not get the answer of the table, or are not played here, each with the reason.

/// Cases that are played and do not get the table's answer. One that begins to get it must leave this list.
pub(super) const OTHERWISE: &[(&str, &str)] = &[
    (
        "LIFE-008",
        "the contract says otherwise: PATCH status active restarts a failed workflow (API section 4)",
    ),
    ("APPR-018", "nobody can reassign an approval yet"),
];

/// Cases whose fault is made inside a function: the test that makes it, by its file and name.
pub(super) const ELSEWHERE: &[(&str, &str, &str)] = &[
    (
        "HTTP-031",
        "functions/api/src/gateway.rs",
        "what_would_end_the_invocation_becomes_an_ordinary_bad_request",
    ),
    (
        "DAG-015",
        EXECUTION,
        "a_diamond_runs_its_branches_at_once_and_its_join_once",
    ),
    (
        "FETCH-001",
        CRAWL,
        "names_that_resolve_to_anything_private_are_not_connected_to",
    ),
    (
        "FETCH-002",
        CRAWL,
        "names_that_resolve_to_anything_private_are_not_connected_to",
    ),
    (
        "FETCH-003",
        HOSTILE,
        "a_name_that_turns_private_between_two_hops_reaches_nothing_private",
    ),
    (
        "FETCH-004",
        CRAWL,
        "names_that_resolve_to_anything_private_are_not_connected_to",
    ),
    ("FETCH-005", CRAWL, "a_name_without_address_is_unreachable"),
    ("FETCH-006", CRAWL, "every_redirect_is_checked"),
    ("FETCH-007", CRAWL, "every_redirect_is_checked"),
    (
        "FETCH-008",
        CRAWL,
        "five_redirects_are_followed_and_no_loop",
    ),
    (
        "FETCH-009",
        CRAWL,
        "five_redirects_are_followed_and_no_loop",
    ),
    (
        "FETCH-012",
        WEBHOOK,
        "a_redirect_is_a_failure_and_is_not_followed",
    ),
    (
        "FETCH-014",
        HOSTILE,
        "a_body_without_end_is_read_to_the_limit_and_no_further",
    ),
    ("FETCH-015", HOSTILE, "a_length_that_lies_is_believed"),
    ("FETCH-017", CRAWL, "bodies_have_a_size_and_a_kind"),
    (
        "FETCH-018",
        HOSTILE,
        "a_body_that_drips_ends_with_the_pages_limit",
    ),
    ("FETCH-019", CRAWL, "what_is_not_http_is_unreachable"),
    (
        "FETCH-020",
        "shared/providers/src/crawl/tests/certificates.rs",
        "a_host_that_cannot_prove_itself_is_sent_nothing",
    ),
    ("FETCH-021", CRAWL, "what_is_not_http_is_unreachable"),
    (
        "FETCH-023",
        "shared/providers/src/crawl/body.rs",
        "decodes_by_header_declaration_and_look",
    ),
    (
        "FETCH-028",
        MANNERS,
        "rules_of_the_site_are_kept_and_read_once",
    ),
    (
        "FETCH-029",
        MANNERS,
        "only_the_beginning_of_a_long_robots_file_is_read",
    ),
    (
        "FETCH-030",
        MANNERS,
        "a_site_whose_robots_file_is_out_of_reach_is_out_of_reach",
    ),
    ("FETCH-032", CRAWL, "statuses_are_told_apart"),
    ("HOOK-003", VERIFICATION, "another_id_is_another_post"),
    ("HOOK-006", VERIFICATION, "a_time_is_whole_seconds"),
    ("HOOK-007", VERIFICATION, "a_time_is_whole_seconds"),
    ("HOOK-008", VERIFICATION, "every_header_is_needed"),
    ("HOOK-011", VERIFICATION, "only_the_known_version_counts"),
    (
        "HOOK-012",
        VERIFICATION,
        "a_secret_can_be_exchanged_for_another",
    ),
    ("HOOK-014", VERIFICATION, "another_id_is_another_post"),
    (
        "HOOK-015",
        VERIFICATION,
        "five_signatures_are_tried_and_no_more",
    ),
    (
        "HOOK-016",
        STEPS,
        "a_post_is_repeated_with_the_same_key_and_bytes",
    ),
    ("HOOK-018", WEBHOOK, "silence_ends_with_the_limit"),
    (
        "HOOK-019",
        WEBHOOK,
        "a_long_answer_is_read_a_little_and_changes_nothing",
    ),
    (
        "MAIL-005",
        "functions/notifier/src/letters/mod.rs",
        "a_subject_is_one_short_line_whatever_it_is_made_from",
    ),
    (
        "MAIL-010",
        APPROVAL_MAIL,
        "there_is_one_link_and_no_mark_up_of_a_stranger",
    ),
    (
        "MAIL-011",
        APPROVAL_MAIL,
        "there_is_one_link_and_no_mark_up_of_a_stranger",
    ),
    (
        "MAIL-012",
        "functions/notifier/src/letters/mod.rs",
        "a_strangers_lines_cannot_pass_for_ours",
    ),
    (
        "MAIL-013",
        APPROVAL_MAIL,
        "a_long_draft_is_cut_at_a_character_and_says_so",
    ),
    (
        "MAIL-016",
        "functions/notifier/src/tests.rs",
        "a_mail_that_did_not_go_out_is_sent_again_with_the_same_link",
    ),
    (
        "MAIL-017",
        "functions/notifier/src/tests.rs",
        "an_address_that_takes_no_mail_is_written_down",
    ),
    (
        "EVT-005",
        STEPS,
        "a_duplicate_of_a_settled_step_sends_what_follows_and_does_nothing_else",
    ),
    (
        "EVT-006",
        STEPS,
        "a_message_before_its_time_waits_and_one_out_of_order_is_dropped",
    ),
    (
        "EVT-007",
        STEPS,
        "a_held_step_goes_back_until_its_lease_ends_and_is_then_taken",
    ),
    (
        "EVT-008",
        EXECUTION,
        "a_worker_that_was_given_up_does_not_count",
    ),
    (
        "EVT-010",
        STEPS,
        "a_tool_that_panics_takes_neither_lease_nor_batch_along",
    ),
    (
        "EVT-011",
        "shared/engine/src/tests/dead_letters.rs",
        "a_dead_step_ends_its_run_truthfully_and_a_retry_redrives_it",
    ),
    (
        "EVT-013",
        "shared/domain/src/execution/tests/budgets.rs",
        "a_runaway_is_stopped_whatever_keeps_it_running",
    ),
    (
        "EVT-014",
        "tests/it/src/journeys/execution.rs",
        "a_chain_of_forty_steps_is_no_recursive_loop",
    ),
    (
        "EVT-017",
        "tests/it/src/journeys/patrol.rs",
        "a_machine_that_slept_catches_up_with_the_latest_only",
    ),
    (
        "EVT-018",
        "tests/it/src/journeys/patrol.rs",
        "a_paused_watch_does_not_fire_and_goes_on_when_it_may",
    ),
    (
        "EVT-019",
        "shared/engine/src/ports/queues.rs",
        "messages_come_back_and_strangers_do_not",
    ),
    (
        "EVT-020",
        EXECUTION,
        "a_worker_that_was_given_up_does_not_count",
    ),
    ("LLM-007", PROMPTS, "material_cannot_end_itself"),
    ("LLM-008", PROMPTS, "material_cannot_end_itself"),
    (
        "LLM-014",
        "functions/planner/src/reply.rs",
        "a_gate_cannot_be_left_off",
    ),
    (
        "LLM-016",
        "functions/planner/src/tests.rs",
        "a_job_is_carried_out_once_and_a_repetition_changes_nothing",
    ),
    (
        "LLM-017",
        "functions/step-executor/src/tools/aggregate/rendering.rs",
        "nothing_a_stranger_wrote_has_a_meaning",
    ),
    (
        "COST-003",
        "shared/domain/src/execution/tests/budgets.rs",
        "a_run_never_costs_more_than_was_set_aside",
    ),
    (
        "COST-005",
        STEPS,
        "a_duplicate_of_a_settled_step_sends_what_follows_and_does_nothing_else",
    ),
    (
        "COST-006",
        "shared/engine/src/tests/credits.rs",
        "a_repeated_commit_of_credits_alone_counts_once",
    ),
    (
        "COST-007",
        "shared/domain/src/credits.rs",
        "what_is_set_aside_cannot_be_set_aside_twice",
    ),
];

const APPROVAL_MAIL: &str = "functions/notifier/src/letters/approval_request.rs";
const CRAWL: &str = "shared/providers/src/crawl/tests/mod.rs";
const EXECUTION: &str = "shared/domain/src/execution/tests.rs";
const HOSTILE: &str = "shared/providers/src/crawl/tests/hostile.rs";
const MANNERS: &str = "shared/providers/src/crawl/tests/manners.rs";
const PROMPTS: &str = "shared/providers/src/model/prompts.rs";
const STEPS: &str = "functions/step-executor/src/tests.rs";
const VERIFICATION: &str = "shared/domain/src/signature/verification.rs";
const WEBHOOK: &str = "shared/providers/src/webhook.rs";

/// Cases about functions that nobody plays, and why.
pub(super) const UNPLAYED: &[(&str, &str)] = &[
    ("STOP-019", NO_MODEL_JUDGES),
    ("STOP-020", NO_MODEL_JUDGES),
    (
        "HOOK-017",
        "a destination that answers 410 is disabled; its owner sees it and is not told",
    ),
    ("MAIL-003", "no mail carries a display name"),
    (
        "MAIL-015",
        "the mail service makes the message from its parts",
    ),
    ("MAIL-018", "there is no cap for one recipient yet"),
    ("EVT-001", "an empty batch is a loop over nothing"),
    (
        "EVT-016",
        "a run is keyed by its due time; the id of the attempt is not even read",
    ),
    (
        "LLM-001",
        "nothing a model or a page says is fetched but what a step's references select",
    ),
    ("LLM-002", NO_MODEL_JUDGES),
    ("LLM-003", NO_MODEL_JUDGES),
    ("LLM-004", NO_MODEL_JUDGES),
    (
        "LLM-010",
        "an answer that was cut off is not used; the server's limit is its own",
    ),
    (
        "LLM-012",
        "a prompt is made of its task, and no task holds a secret",
    ),
    ("LLM-018", NO_MODEL_JUDGES),
    ("OUT-002", "nothing is exported as CSV"),
    (
        "OUT-003",
        "the log is JSON; how it writes a text is its library's",
    ),
    ("OUT-005", "what is logged of an address is its host"),
    ("OUT-006", "a panic's words go to the log only"),
    ("OUT-007", "the corpus is not part of this repository"),
    ("OUT-008", "the corpus is not part of this repository"),
    ("COST-002", "there is no limit of runs an hour yet"),
    (
        "COST-008",
        "a price is made of the plan, and no tool is asked",
    ),
];

const NO_MODEL_JUDGES: &str = "no model judges conditions or relevance yet";
