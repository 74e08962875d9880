DROP TABLE watch_link, unit_position, readiness, opening_viewer, opening, mandate_signature, mandate, authority_review,
    authority;
DROP FUNCTION check_mandate_signer, check_mandate_step;
