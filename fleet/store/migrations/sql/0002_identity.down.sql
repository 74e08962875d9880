DROP VIEW unit_row;
CREATE VIEW unit_row AS
SELECT unit.unit_id, label, model, unit.state,
    CASE WHEN unit.state = 'active' THEN presence ELSE unit.state END AS presence,
    session_up, session_changed_at, last_report_at, last_sampled_at, unit_settings.version AS settings_wanted,
    settings_running, settings_seen_at, coalesce(open_alarms.alarms, 0) AS alarms,
    supply_mv, undervolted, soc_temp_c, storage_used_percent, rsrp_dbm, clock_offset_ms
FROM unit JOIN unit_live USING (unit_id) JOIN unit_settings USING (unit_id)
LEFT JOIN (
    SELECT unit_id, count(*) AS alarms FROM event
    WHERE severity = 'alarm' AND acknowledged_at IS NULL GROUP BY unit_id
) open_alarms USING (unit_id);
GRANT SELECT ON unit_row TO muster_controller;
DROP TABLE people_draft_signature, people_draft, people_list_signature;
ALTER TABLE people_list DROP COLUMN anchor;
DROP INDEX join_request_waiting_rejoin, join_request_first;
DELETE FROM join_request WHERE rejoins IS NOT NULL;
ALTER TABLE join_request
    DROP CONSTRAINT join_request_voucher_or_unit,
    DROP COLUMN rejoins,
    ALTER COLUMN voucher_id SET NOT NULL,
    ADD CONSTRAINT join_request_unit_id_key UNIQUE (unit_id);
DROP TABLE unit_proof, other_revocation;
DROP SEQUENCE crl_number;
REVOKE UPDATE (connected_at, revoked_at) ON certificate FROM muster_controller;
ALTER TABLE certificate
    DROP COLUMN fingerprint, DROP COLUMN key_protection, DROP COLUMN predecessor, DROP COLUMN connected_at,
    DROP COLUMN revoked_at;
DROP INDEX unit_to_cut_off;
ALTER TABLE unit
    DROP COLUMN standing_cause, DROP COLUMN standing_changed_by, DROP COLUMN standing_changed_at,
    DROP COLUMN cut_off_at;
