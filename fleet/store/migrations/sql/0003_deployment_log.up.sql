-- The deployment log's tree, what units recorded of themselves, error reports, legal holds, exports.

ALTER TABLE log_entry
    ADD COLUMN prior_index bigint,
    ADD COLUMN authority   text,
    ADD COLUMN deployment  text,
    ADD COLUMN person      text,
    ADD COLUMN opening     text;
-- Only leaves are looked up, and an entry becomes one by an update: as it is written, none of these has to be touched.
ALTER TABLE log_entry DROP CONSTRAINT log_entry_leaf_index_key;
CREATE UNIQUE INDEX log_entry_leaf ON log_entry (leaf_index) WHERE leaf_index IS NOT NULL;
DROP INDEX log_entry_unit;
CREATE INDEX log_entry_unit ON log_entry (unit_id, leaf_index) WHERE leaf_index IS NOT NULL AND unit_id IS NOT NULL;
CREATE INDEX log_entry_actor ON log_entry (actor, leaf_index) WHERE leaf_index IS NOT NULL;
CREATE INDEX log_entry_person ON log_entry (person, leaf_index) WHERE leaf_index IS NOT NULL AND person IS NOT NULL;
CREATE INDEX log_entry_authority ON log_entry (authority, leaf_index)
    WHERE leaf_index IS NOT NULL AND authority IS NOT NULL;
CREATE INDEX log_entry_deployment ON log_entry (deployment, leaf_index)
    WHERE leaf_index IS NOT NULL AND deployment IS NOT NULL;
CREATE INDEX log_entry_opening ON log_entry (opening) WHERE leaf_index IS NOT NULL AND opening IS NOT NULL;
CREATE INDEX log_entry_kind ON log_entry (kind, at) WHERE leaf_index IS NOT NULL;
COMMENT ON COLUMN log_entry.prior_index IS 'leaf index of the entry before it of the same unit';
COMMENT ON COLUMN log_entry.person IS 'the person whom the entry is about, where that is not the actor';

-- How many leaves the tree has: locked by whoever adds some.
CREATE TABLE log_tree (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    size     bigint NOT NULL DEFAULT 0 CHECK (size >= 0)
);
INSERT INTO log_tree DEFAULT VALUES;

CREATE TABLE log_unit_head (
    unit_id    text PRIMARY KEY,
    leaf_index bigint NOT NULL
);

-- tlog-tiles of height 8: up to 256 hashes of 32 bytes. The rightmost tile of a level grows.
CREATE TABLE log_tile (
    level      smallint NOT NULL CHECK (level BETWEEN 0 AND 7),
    tile_index bigint NOT NULL CHECK (tile_index >= 0),
    hashes     bytea NOT NULL CHECK (length(hashes) BETWEEN 32 AND 8192 AND length(hashes) % 32 = 0),
    PRIMARY KEY (level, tile_index)
);

-- The newest signed note of each size; `cosigned` when the policy in force at the time was satisfied. A timestamp is of
-- the very bytes of one note, which is kept with it: the note of a log that rests is made anew.
CREATE TABLE log_checkpoint (
    size      bigint PRIMARY KEY CHECK (size >= 0),
    note      text NOT NULL,
    made_at   timestamptz NOT NULL,
    cosigned  boolean NOT NULL,
    timestamp_token  bytea,
    timestamped_note text,
    timestamped_at   timestamptz
);
CREATE INDEX log_checkpoint_cosigned ON log_checkpoint (size) WHERE cosigned;

-- What somebody took away: the whole tree of `size`, or the leaves of `indexes` in it, under the checkpoint `note`.
CREATE TABLE log_export (
    export_id text PRIMARY KEY,
    person_id text NOT NULL REFERENCES person,
    made_at   timestamptz NOT NULL,
    ends_at   timestamptz NOT NULL,
    entry_id  bigint NOT NULL REFERENCES log_entry,
    size      bigint NOT NULL,
    note      text NOT NULL,
    cosigned  boolean NOT NULL,
    indexes   bigint[]
);

-- Records of units' own chains, exactly as the units wrote them. Two with one number are evidence, so both are kept.
CREATE TABLE access_record (
    unit_id     text NOT NULL REFERENCES unit,
    number      bigint NOT NULL CHECK (number > 0),
    sha256      text NOT NULL,
    prior       text NOT NULL,
    body        text NOT NULL,
    what        text NOT NULL,
    opening     text,
    at          timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (unit_id, number, sha256)
);
CREATE INDEX access_record_received ON access_record (unit_id, received_at);
CREATE INDEX access_record_opening ON access_record (opening) WHERE opening IS NOT NULL;

-- How long each unit says its chain is: in health reports, which a broker can invent, and in proofs, which it can not.
CREATE TABLE access_chain (
    unit_id       text PRIMARY KEY REFERENCES unit,
    records       bigint NOT NULL DEFAULT 0,
    head          text NOT NULL DEFAULT repeat('0', 64),
    claimed       bigint,
    claimed_head  text,
    claimed_at    timestamptz,
    proven        bigint,
    proven_head   text,
    proven_at     timestamptz,
    missing_since timestamptz
);
COMMENT ON COLUMN access_chain.records IS 'how many records from the first on are here without a gap; head is of the last of them';

CREATE TABLE error_report (
    report_id    text PRIMARY KEY,
    unit_id      text,
    cause        text NOT NULL,
    summary      text NOT NULL,
    evidence     text NOT NULL,
    repeat_key   text NOT NULL UNIQUE,
    found_at     timestamptz NOT NULL,
    state        text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'accounted', 'submitted', 'closed')),
    account      text NOT NULL DEFAULT '',
    accounted_by text REFERENCES person,
    accounted_at timestamptz,
    submitted_by text REFERENCES person,
    submitted_at timestamptz,
    outcome      text NOT NULL DEFAULT '',
    closed_by    text REFERENCES person,
    closed_at    timestamptz
);
CREATE INDEX error_report_open ON error_report (found_at) WHERE state <> 'closed';

CREATE TABLE legal_hold (
    hold_id     text PRIMARY KEY,
    unit_id     text,
    person_id   text,
    authority   text,
    deployment  text,
    kind        text,
    since       timestamptz,
    until       timestamptz,
    reason      text NOT NULL,
    placed_by   text NOT NULL REFERENCES person,
    placed_at   timestamptz NOT NULL,
    released_by text REFERENCES person,
    released_at timestamptz
);

CREATE FUNCTION keep_released_hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.released_at IS NOT NULL OR NEW.released_at IS NULL OR NEW.released_by IS NULL THEN
        RAISE EXCEPTION 'a legal hold is released once, by somebody' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER released_once BEFORE UPDATE ON legal_hold FOR EACH ROW EXECUTE FUNCTION keep_released_hold();

-- What erase_log_texts erased, in its own words: each row must have its entry `text.erased` in the log.
CREATE TABLE log_erasure (
    erasure_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    erased_at   timestamptz NOT NULL DEFAULT now(),
    kept_from   timestamptz NOT NULL,
    kinds       text[] NOT NULL,
    texts       bigint NOT NULL,
    held        bigint NOT NULL,
    first_index bigint NOT NULL,
    last_index  bigint NOT NULL
);

-- Adds entries to the tree, in the order given; nothing else can. `expected_size` fences a sequencer that has been
-- overtaken by another. Raises when the tree has another size, or an entry is in it already.
CREATE FUNCTION sequence_log_entries(expected_size bigint, entry_ids bigint[], priors bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    found bigint;
    changed bigint;
BEGIN
    SELECT size INTO found FROM public.log_tree FOR UPDATE;
    IF found <> expected_size THEN
        RAISE EXCEPTION 'the log has % leaves, not %', found, expected_size USING ERRCODE = 'serialization_failure';
    END IF;
    UPDATE public.log_entry SET leaf_index = expected_size + given.place - 1, prior_index = given.prior
    FROM unnest(entry_ids, priors) WITH ORDINALITY AS given (id, prior, place)
    WHERE entry_id = given.id AND leaf_index IS NULL;
    GET DIAGNOSTICS changed = ROW_COUNT;
    IF changed <> cardinality(entry_ids) THEN
        RAISE EXCEPTION '% of % entries were not free', cardinality(entry_ids) - changed, cardinality(entry_ids)
            USING ERRCODE = 'serialization_failure';
    END IF;
    INSERT INTO public.log_unit_head (unit_id, leaf_index)
    SELECT unit_id, max(leaf_index) FROM public.log_entry
    WHERE entry_id = ANY (entry_ids) AND unit_id IS NOT NULL GROUP BY unit_id
    ON CONFLICT (unit_id) DO UPDATE SET leaf_index = excluded.leaf_index;
    UPDATE public.log_tree SET size = expected_size + changed;
END
$$;

-- Stores a tile; one that is there can only grow.
CREATE FUNCTION put_log_tile(at_level smallint, at_index bigint, content bytea) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO public.log_tile AS tile (level, tile_index, hashes) VALUES (at_level, at_index, content)
    ON CONFLICT (level, tile_index) DO UPDATE SET hashes = excluded.hashes
    WHERE substring(excluded.hashes FOR length(tile.hashes)) = tile.hashes;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'tile % of level % can only grow', at_index, at_level USING ERRCODE = 'serialization_failure';
    END IF;
END
$$;

-- Erases free texts, with their salts, of entries of kinds that begin with one of `kinds`, written before
-- `kept_from`, unless a legal hold covers the entry; nothing that is younger than a year, whoever asks.
-- Keeps what it erased in log_erasure, and returns it: the erased texts' entries and how many more are held. The lock
-- is that of placing a hold; with it, erasures are numbered in the order in which they commit.
CREATE FUNCTION erase_log_texts(kinds text[], but_kinds text[], kept_from timestamptz, at_most integer,
    OUT texts bigint, OUT held bigint, OUT first_index bigint, OUT last_index bigint, OUT erased_kinds text[])
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT pg_advisory_xact_lock(hashtext('muster legal holds'));
    WITH past AS (
        SELECT entry.entry_id, log_text.field, entry.leaf_index, entry.kind,
            EXISTS (
                SELECT FROM public.legal_hold hold WHERE hold.released_at IS NULL
                AND (hold.unit_id IS NULL OR hold.unit_id = entry.unit_id)
                AND (hold.person_id IS NULL OR hold.person_id IN (entry.actor, entry.person))
                AND (hold.authority IS NULL OR hold.authority = entry.authority)
                AND (hold.deployment IS NULL OR hold.deployment = entry.deployment)
                AND (hold.kind IS NULL OR starts_with(entry.kind, hold.kind))
                AND (hold.since IS NULL OR entry.at >= hold.since) AND (hold.until IS NULL OR entry.at < hold.until)
            ) AS is_held
        FROM public.log_text JOIN public.log_entry entry USING (entry_id)
        WHERE entry.at < least(kept_from, now() - interval '1 year') AND entry.leaf_index IS NOT NULL
          AND EXISTS (SELECT FROM unnest(kinds) wanted WHERE starts_with(entry.kind, wanted))
          AND NOT EXISTS (SELECT FROM unnest(but_kinds) other WHERE starts_with(entry.kind, other))
    ), chosen AS (
        SELECT * FROM past WHERE NOT is_held ORDER BY leaf_index, field LIMIT at_most
    ), erased AS (
        DELETE FROM public.log_text USING chosen
        WHERE log_text.entry_id = chosen.entry_id AND log_text.field = chosen.field
        RETURNING chosen.leaf_index, chosen.kind
    ), found AS (
        SELECT count(*) AS lost, (SELECT count(*) FROM past WHERE is_held) AS kept, min(leaf_index) AS lowest,
            max(leaf_index) AS highest, coalesce(array_agg(DISTINCT kind ORDER BY kind), '{}') AS of_kinds
        FROM erased
    ), told AS (
        INSERT INTO public.log_erasure (kept_from, kinds, texts, held, first_index, last_index)
        SELECT $3, of_kinds, lost, kept, lowest, highest FROM found WHERE lost > 0
    )
    SELECT lost, kept, lowest, highest, of_kinds FROM found
$$;

REVOKE EXECUTE ON FUNCTION sequence_log_entries, put_log_tile, erase_log_texts, keep_released_hold FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sequence_log_entries, put_log_tile, erase_log_texts TO muster_controller;
GRANT SELECT ON log_tree, log_unit_head, log_tile, log_erasure, error_report, legal_hold TO muster_controller;
GRANT SELECT, INSERT, UPDATE ON log_checkpoint, access_chain TO muster_controller;
GRANT SELECT, INSERT ON log_export, access_record TO muster_controller;
-- Only the function above gives an entry its place in the tree.
REVOKE INSERT ON log_entry FROM muster_controller;
GRANT INSERT (kind, unit_id, actor, at, body, authority, deployment, person, opening) ON log_entry TO muster_controller;
-- What was found stays as it was found, and a hold covers what it was placed on: only people's steps are added.
GRANT INSERT (report_id, unit_id, cause, summary, evidence, repeat_key, found_at) ON error_report TO muster_controller;
GRANT UPDATE (
    state, account, accounted_by, accounted_at, submitted_by, submitted_at, outcome, closed_by, closed_at
) ON error_report TO muster_controller;
GRANT INSERT (hold_id, unit_id, person_id, authority, deployment, kind, since, until, reason, placed_by, placed_at)
    ON legal_hold TO muster_controller;
GRANT UPDATE (released_by, released_at) ON legal_hold TO muster_controller;
