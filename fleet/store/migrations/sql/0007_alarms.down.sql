DROP INDEX event_to_consider;
ALTER TABLE event DROP COLUMN alarm_id;
DROP TABLE alarming_heartbeat, alarm_unit_state, ack_link, page, contact, alarm_window, alarm, alarm_rules;
DROP FUNCTION check_alarm_step, check_page_step, keep_alarm_record, check_alarm_logged;
