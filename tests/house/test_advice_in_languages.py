"""Each code that a page or a doctor can meet has its advice in four languages; the others are met at a terminal alone."""

from __future__ import annotations

import re

import pytest

from dashboard.advice import advice_of
from schemas.advice import ADVICE
from schemas.texts import LANGUAGES, section

AT_TERMINALS = {
    "`probe --draft-mapping`": "draft_folder_used draft_name_unsafe",
    "accounts: the pages have texts of their own for them (`dashboard.refused`)": """
        login_malformed account_exists account_unknown account_without_role account_needs_operator account_needs_doctor
        role_not_known language_unknown own_account identity_taken passkey_taken passkey_refused last_way_in password_short
        password_long password_guessable provider_refused provider_silent account_closed scope_not_known token_without_scope
        token_too_long token_name_malformed token_unknown notice_not_sent index_differs access_log_altered""",
    "signing at the practice: `authorise sign` and drafts as files": """
        p12_unusable signing_failed one_of_p12_and_token token_label_missing token_library_unusable token_not_found
        token_pin_wrong token_pin_locked token_key_missing token_failed fields_refused no_such_place place_is_signed
        page_is_signed place_not_named fields_not_given fields_unreadable file_exists fields_too_large""",
    "`trust`, `stamp`": """
        trust_material_malformed trust_material_stale root_not_self_signed no_timestamp_roots stamp_of_nothing_here clock_differs
        every_signature_has_its_stamp stamp_malformed stamp_not_granted""",
    "enrolment: the form says it at the field (`dashboard.approvals.wrong`)": """
        national_number_invalid inami_number_invalid inami_number_of_another basis_unknown evidence_unknown trial_basis
        role_unknown until_invalid person_malformed""",
    "keys of operators, recipients, intakes by command": """
        operator_not_proven operator_without_key operator_known passphrase_wrong passphrase_short passphrase_not_given
        recipient_known recipient_not_age answer_unknown challenge_expired keys_keyring_or_file""",
    "`open`: the practice's side, which has its own page": """
        sealed_armoured manifest_missing manifest_malformed package_version_unknown description_missing beside_altered
        part_altered sealed_part_does_not_open identity_not_age package_unreadable part_is_no_zip member_leaves_folder
        member_named_twice part_has_too_many_members part_unpacks_to_too_much into_not_new into_unusable into_being_opened
        proof_not_accepted package_of_another_run package_not_as_proven file_missing file_is_a_folder""",
    "`destination add`, `intake open --page`": """
        destination_known destination_name_malformed destination_malformed endpoint_malformed endpoint_not_https bucket_malformed
        host_malformed host_key_malformed path_malformed identity_not_usable identity_needs_passphrase page_cannot_be_made""",
    "the host and its settings: the dashboard does not start, or `doctor` says it": """
        home_not_given user_settings_unsafe user_settings_malformed user_setting_unknown home_not_found home_exists
        home_id_malformed home_lives_here home_not_rolled_back origin_malformed site_malformed limit_too_high
        site_setting_unknown host_record_missing state_folder_unusable host_record_malformed systemd_not_running
        unit_not_enabled unit_not_ours sweep_interval_unusable no_such_user home_path_unusable identity_not_made
        program_not_found unknown_shape""",
    "`status`, `custody`, `subject`, erasures": """
        run_ambiguous run_of_unknown_owner unknown_staging copy_incomplete clock_distrusted sweep_never sweep_late no_such_copy
        copy_is_there no_such_subject run_alive retention_not_over copy_held operator_acts attester_needed receipt_exists""",
    "`backup`, `restore`": """
        backup_exists no_recipient backup_unreadable backup_not_whole backup_holds_no_file backup_holds_foreign_name
        backup_without_manifest ledger_moved""",
    "`ledger check`, `verify`: their lists have the code and are read by whoever checks": """
        proof_does_not_verify log_shorter_than_head log_differs_from_head head_of_another_log checkpoint_older_than_log
        ForkError.file_missing origin_differs root_differs tree_note_malformed tree_note_differs tile_missing tile_differs
        cosigned_another_head no_policy_given signed_by_another_key quorum_not_met policy_malformed policy_unreadable
        vkey_malformed ProofError.manifest_altered ProofError.destruction_not_verified no_manifest file_altered
        files_added_or_missing link_in_folder empty_folder_inside folder_too_large zip_not_as_written checkpoint_malformed
        note_malformed note_not_signed proof_not_issued ForkError.proof_does_not_verify certificate_differs
        statement_not_the_recorded_one signatures_not_the_recorded_ones signer_not_the_recorded_one controller_not_spoken_for
        acceptance_missing page_of_another_certificate run_not_as_ordered statements_disagree
        signatures_not_of_their_kind entry_left_out file_of_unknown_name""",
    "Prefect's side: they stand in the state of a flow run": """
        prefect_api_not_given pool_of_another_type flow_unknown entry_point_unknown pull_step_refused job_variables_refused
        parameters_unknown home_not_served result_refused""",
}
"""Codes that no page shows, by where they are met instead."""
TERMINALS = {code for codes in AT_TERMINALS.values() for code in codes.split()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_code_has_its_advice_or_is_met_at_a_terminal_alone(language):
    """A new code is in one of the two, so that none goes without thought."""
    told = {*section(language, "dashboard.advice")}
    assert {*ADVICE} - TERMINALS == told
    assert not TERMINALS & told
    assert {*ADVICE} >= TERMINALS


@pytest.mark.parametrize("language", LANGUAGES)
def test_advice_is_a_sentence_and_what_to_do_in_the_language(language):
    english = section("en", "dashboard.advice")
    for code, words in section(language, "dashboard.advice").items():
        found = advice_of(language, code)
        assert found is not None
        assert (found.words.endswith("."), bool(found.advice), found.language) == (True, True, language), code
        assert language == "en" or words != english[code], code


def test_a_code_of_terminals_is_told_in_english():
    found = advice_of("fr", "backup_exists")
    assert found is not None
    assert (found.words, found.language) == (ADVICE["backup_exists"][0], "en")
    assert advice_of("fr", "nothing_has_this_code") is None


ONE_WORD = {
    "fr": r"\bpassages? (?!par\b)|\bPassages?\b|\bbalayage|\b[Jj]ournal\b(?! (des accès|de l'hôte|du système))",
    "nl": r"\b[Vv]erloop\b|(?<![Tt]oegangs)\b[Ll]ogboek\b",
    "de": r"\bL(auf|aufs|äufen?)\b|\bProtokolls?\b",
}
"""Former words for *run* (opération, verwerking, Vorgang), *ledger* (registre, register, Register) and *sweep* (nettoyage)."""


@pytest.mark.parametrize("language", ONE_WORD)
@pytest.mark.parametrize("where", ["dashboard", "notice"])
def test_the_dashboard_has_the_certificate_s_words_for_run_and_ledger(language, where):
    said = section(language, where)
    found = [f"{code}: {words}" for code, words in said.items() if re.search(ONE_WORD[language], words)]
    assert said
    assert found == []
