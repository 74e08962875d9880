DROP FUNCTION erase_events, drop_health_partitions, ensure_health_partitions;
DROP VIEW unit_row;
DROP TABLE log_text, log_entry, command, event, health_report, unit_live, unit_settings, join_request, voucher,
    certificate, unit, api_session, used_challenge, challenge_secret, people_list, person;
REVOKE USAGE ON SCHEMA public FROM muster_controller;
DO $$
BEGIN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM muster_controller', current_database());
END
$$;
