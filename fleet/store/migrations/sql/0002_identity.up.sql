-- Identity over time: certificates that follow each other, proofs of who is connected, revocation, signed people lists.

ALTER TABLE unit
    ADD COLUMN standing_cause      text NOT NULL DEFAULT '',
    ADD COLUMN standing_changed_by text,
    ADD COLUMN standing_changed_at timestamptz,
    ADD COLUMN cut_off_at          timestamptz;
CREATE INDEX unit_to_cut_off ON unit (unit_id) WHERE state = 'revoked' AND cut_off_at IS NULL;

ALTER TABLE certificate
    ADD COLUMN fingerprint    text,
    ADD COLUMN key_protection text CHECK (key_protection IN ('soft', 'tpm', 'pkcs11')),
    ADD COLUMN predecessor    text REFERENCES certificate,
    ADD COLUMN connected_at   timestamptz,
    ADD COLUMN revoked_at     timestamptz;
UPDATE certificate SET fingerprint = unit.fingerprint, key_protection = unit.key_protection
FROM unit WHERE unit.unit_id = certificate.unit_id;
ALTER TABLE certificate ALTER COLUMN fingerprint SET NOT NULL, ALTER COLUMN key_protection SET NOT NULL;
CREATE INDEX certificate_key ON certificate (fingerprint);
CREATE INDEX certificate_successor ON certificate (predecessor) WHERE predecessor IS NOT NULL;
CREATE INDEX certificate_revoked ON certificate (not_after) WHERE revoked_at IS NOT NULL;
GRANT UPDATE (connected_at, revoked_at) ON certificate TO muster_controller;

-- Certificates that are no unit's, and are on the revocation list: a controller's or server's that was stolen, and the
-- short ones that show whether a broker has read the list.
CREATE TABLE other_revocation (
    serial     text PRIMARY KEY,
    holder     text NOT NULL,
    revoked_at timestamptz NOT NULL,
    not_after  timestamptz NOT NULL
);
CREATE SEQUENCE crl_number;
GRANT SELECT, INSERT, DELETE ON other_revocation TO muster_controller;
GRANT USAGE ON SEQUENCE crl_number TO muster_controller;

-- What each unit was last challenged to prove, and what it has proved. challenge_seq is the highest number stored of
-- challenge_spool when the challenge was made; a broker can invent reports, so it raises an alarm and proves nothing.
-- challenge is NULL once it is answered, and then is the answered one; sessions are the last ones announced, so that none is taken for a new one.
CREATE TABLE unit_proof (
    unit_id         text PRIMARY KEY REFERENCES unit,
    session         text,
    challenge       text,
    answered        text,
    challenged_at   timestamptz,
    challenge_spool bigint,
    challenge_seq   bigint,
    proven_at       timestamptz,
    certificate     text REFERENCES certificate,
    boot_id         text NOT NULL DEFAULT '',
    left_boots      text[] NOT NULL DEFAULT '{}',
    proven_spool    bigint,
    proven_seq      bigint,
    sessions        text[] NOT NULL DEFAULT '{}'
);
INSERT INTO unit_proof (unit_id) SELECT unit_id FROM unit;
GRANT SELECT, INSERT, UPDATE ON unit_proof TO muster_controller;

-- A request without a voucher is of a unit that comes back with its old key.
ALTER TABLE join_request
    ALTER COLUMN voucher_id DROP NOT NULL,
    ADD COLUMN rejoins text REFERENCES unit,
    ADD CONSTRAINT join_request_voucher_or_unit CHECK ((voucher_id IS NULL) = (rejoins IS NOT NULL)),
    DROP CONSTRAINT join_request_unit_id_key;
CREATE UNIQUE INDEX join_request_first ON join_request (unit_id) WHERE rejoins IS NULL;
CREATE UNIQUE INDEX join_request_waiting_rejoin ON join_request (rejoins) WHERE state = 'pending';

-- Lists from before nobody signed: each stands for itself, as an anchor that a voucher carries.
ALTER TABLE people_list ADD COLUMN anchor boolean NOT NULL DEFAULT true;
ALTER TABLE people_list ALTER COLUMN anchor DROP DEFAULT;

CREATE TABLE people_list_signature (
    version   integer NOT NULL REFERENCES people_list,
    person_id text NOT NULL REFERENCES person,
    signature text NOT NULL,
    signed_at timestamptz NOT NULL,
    PRIMARY KEY (version, person_id)
);

-- A next list on its way. `names` (JSON) has the names of people whom the list would add: names never go to units.
CREATE TABLE people_draft (
    draft_id  text PRIMARY KEY,
    version   integer NOT NULL,
    text      text NOT NULL,
    names     text NOT NULL,
    made_by   text NOT NULL REFERENCES person,
    made_at   timestamptz NOT NULL,
    state     text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'in-force', 'withdrawn', 'outdated'))
);
CREATE INDEX people_draft_open ON people_draft (made_at) WHERE state = 'open';
CREATE TABLE people_draft_signature (
    draft_id  text NOT NULL REFERENCES people_draft,
    person_id text NOT NULL REFERENCES person,
    signature text NOT NULL,
    signed_at timestamptz NOT NULL,
    PRIMARY KEY (draft_id, person_id)
);
GRANT SELECT, INSERT ON people_list_signature, people_draft_signature TO muster_controller;
GRANT SELECT, INSERT, UPDATE ON people_draft TO muster_controller;

DROP VIEW unit_row;
CREATE VIEW unit_row AS
SELECT unit.unit_id, label, model, unit.state, key_protection,
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
