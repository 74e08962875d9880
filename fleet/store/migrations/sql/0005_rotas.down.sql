DROP INDEX event_repeated;
UPDATE event SET acknowledged_by = NULL, acknowledged_at = NULL
WHERE acknowledged_by IS NOT NULL AND acknowledged_by NOT IN (SELECT person_id FROM person);
ALTER TABLE event ADD CONSTRAINT event_acknowledged_by_fkey FOREIGN KEY (acknowledged_by) REFERENCES person;
ALTER TABLE rota DROP CONSTRAINT rota_rota_id_version_fkey;
DROP TABLE calendar_feed, compensatory_rest, work_done, call_out, wish, absence, rota_terms, rota_change, rota_turn,
    rota_plan, rota_version, rota;
DROP FUNCTION keep_rota_record, check_call_out_step, check_rota_step, check_rota_plan_step, check_rota_change_step,
    check_rota_logged, check_rota_plan_logged, check_rota_change_logged, check_rota_record_logged, check_rota_turn_given;
