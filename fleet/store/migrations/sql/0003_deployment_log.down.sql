DROP FUNCTION sequence_log_entries(bigint, bigint[], bigint[]);
DROP FUNCTION put_log_tile(smallint, bigint, bytea);
DROP FUNCTION erase_log_texts(text[], text[], timestamptz, integer);
DROP TABLE log_erasure, legal_hold, error_report, access_chain, access_record, log_export, log_checkpoint, log_tile,
    log_unit_head, log_tree;
DROP FUNCTION keep_released_hold();
UPDATE log_entry SET leaf_index = NULL;
ALTER TABLE log_entry DROP COLUMN prior_index, DROP COLUMN authority, DROP COLUMN deployment, DROP COLUMN person,
    DROP COLUMN opening;
DROP INDEX log_entry_actor, log_entry_kind, log_entry_leaf, log_entry_unit;
CREATE INDEX log_entry_unit ON log_entry (unit_id, entry_id);
REVOKE INSERT ON log_entry FROM muster_controller;
GRANT INSERT ON log_entry TO muster_controller;
ALTER TABLE log_entry ADD CONSTRAINT log_entry_leaf_index_key UNIQUE (leaf_index);
