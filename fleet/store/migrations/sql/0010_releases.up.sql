-- Files for units in pieces, drafts of TUF metadata with people's signatures, and metadata exactly as it was published.

CREATE TABLE release_file (
    sha256       text PRIMARY KEY CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    length_bytes bigint NOT NULL CHECK (length_bytes BETWEEN 1 AND 268435456),
    begun_by     text NOT NULL REFERENCES person,
    begun_at     timestamptz NOT NULL,
    kept_by      text REFERENCES person,
    kept_at      timestamptz,
    CHECK ((kept_by IS NULL) = (kept_at IS NULL))
);

-- Piece `number`, from 0, begins at byte `number` × 1 MiB; every one but the last is as long as that.
CREATE TABLE release_piece (
    sha256  text NOT NULL REFERENCES release_file ON DELETE CASCADE,
    number  integer NOT NULL CHECK (number >= 0),
    content bytea NOT NULL CHECK (octet_length(content) BETWEEN 1 AND 1048576),
    PRIMARY KEY (sha256, number)
);
ALTER TABLE release_piece ALTER COLUMN content SET STORAGE EXTERNAL;

CREATE TABLE release_draft (
    draft_id text PRIMARY KEY CHECK (draft_id ~ '^RD-[0-9a-f]{12}$'),
    role     text NOT NULL CHECK (role IN ('root', 'targets')),
    version  integer NOT NULL CHECK (version > 0),
    text     text NOT NULL,
    sha256   text NOT NULL CHECK (sha256 = encode(sha256(convert_to(text, 'UTF8')), 'hex')),
    made_by  text NOT NULL REFERENCES person,
    made_at  timestamptz NOT NULL,
    number   bigint GENERATED ALWAYS AS IDENTITY,
    ended    text CHECK (ended IN ('replaced', 'withdrawn', 'published')),
    ended_by text REFERENCES person,
    ended_at timestamptz,
    CHECK ((ended IS NULL) = (ended_at IS NULL) AND (ended IS NULL) = (ended_by IS NULL))
);
CREATE UNIQUE INDEX release_draft_open ON release_draft (role) WHERE ended IS NULL;

CREATE TABLE release_signature (
    draft_id  text NOT NULL REFERENCES release_draft,
    key_id    text NOT NULL CHECK (key_id ~ '^[0-9a-f]{64}$'),
    person_id text NOT NULL REFERENCES person,
    signature text NOT NULL,
    signed_at timestamptz NOT NULL,
    PRIMARY KEY (draft_id, key_id),
    UNIQUE (draft_id, person_id)
);

-- What people signed is of a draft; snapshot and timestamp are the controller's own.
CREATE TABLE release_metadata (
    role       text NOT NULL CHECK (role IN ('root', 'targets', 'snapshot', 'timestamp')),
    version    integer NOT NULL CHECK (version > 0),
    content    bytea NOT NULL CHECK (octet_length(content) <= 1048576),
    expires_at timestamptz NOT NULL,
    made_at    timestamptz NOT NULL,
    draft_id   text REFERENCES release_draft,
    PRIMARY KEY (role, version),
    CHECK ((draft_id IS NOT NULL) = (role IN ('root', 'targets')))
);

-- Pieces come in order, of a file that is not there yet.
CREATE FUNCTION check_release_piece() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    long bigint;
BEGIN
    SELECT length_bytes INTO long FROM public.release_file
        WHERE sha256 = NEW.sha256 AND kept_at IS NULL FOR UPDATE;
    IF NOT FOUND
            OR NEW.number <> (SELECT count(*) FROM public.release_piece WHERE sha256 = NEW.sha256)
            OR octet_length(NEW.content) <> least(1048576, long - 1048576 * NEW.number::bigint) THEN
        RAISE EXCEPTION 'a piece follows the one before, in a file that is not there yet'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER follows BEFORE INSERT ON release_piece FOR EACH ROW EXECUTE FUNCTION check_release_piece();

-- Pieces that are not what was announced are forgotten, and files that never came, as long as the file is not kept.
CREATE FUNCTION check_release_piece_dropped() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM public.release_file WHERE sha256 = OLD.sha256 AND kept_at IS NOT NULL) THEN
        RAISE EXCEPTION 'a file that is kept stays whole' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN OLD;
END
$$;
CREATE TRIGGER not_kept BEFORE DELETE ON release_piece FOR EACH ROW EXECUTE FUNCTION check_release_piece_dropped();

-- A file that is kept is removed with its entry, and never while targets in force or a draft of them name it.
CREATE FUNCTION check_release_file_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM public.release_metadata
                WHERE role = 'targets' AND position(convert_to(OLD.sha256, 'UTF8') IN content) > 0
                  AND version = (SELECT max(version) FROM public.release_metadata WHERE role = 'targets'))
            OR EXISTS (SELECT FROM public.release_draft
                WHERE role = 'targets' AND ended IS NULL AND position(OLD.sha256 IN text) > 0) THEN
        RAISE EXCEPTION 'the file % is named', OLD.sha256 USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NOT EXISTS (SELECT FROM public.log_entry
            WHERE leaf_index IS NULL AND kind = 'release.file-removed' AND xmin = pg_current_xact_id()::xid
              AND position(convert_to(format('"sha256":"%s"', OLD.sha256), 'UTF8') IN body) > 0) THEN
        RAISE EXCEPTION 'the file % goes with its entry in the log', OLD.sha256
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN OLD;
END
$$;
CREATE TRIGGER removed BEFORE DELETE ON release_file FOR EACH ROW WHEN (OLD.kept_at IS NOT NULL)
    EXECUTE FUNCTION check_release_file_removed();

-- A file is kept once, when it is whole.
CREATE FUNCTION check_release_file() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.kept_at IS NOT NULL OR OLD.length_bytes <> (
            SELECT coalesce(sum(octet_length(content)), 0) FROM public.release_piece WHERE sha256 = NEW.sha256) THEN
        RAISE EXCEPTION 'a file is kept once, when all of it is there' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER whole BEFORE UPDATE ON release_file FOR EACH ROW EXECUTE FUNCTION check_release_file();

CREATE FUNCTION check_release_file_logged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM public.check_rota_logged('release.file-begun', NEW.begun_by, NEW.begun_at, 'sha256', NEW.sha256);
    ELSE
        PERFORM public.check_rota_logged('release.file-kept', NEW.kept_by, NEW.kept_at, 'sha256', NEW.sha256);
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER held_in_log AFTER INSERT OR UPDATE ON release_file DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_release_file_logged();

CREATE FUNCTION check_release_draft_logged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM public.check_rota_logged('release.drafted', NEW.made_by, NEW.made_at, 'draft', NEW.draft_id);
        PERFORM public.check_rota_logged('release.drafted', NEW.made_by, NEW.made_at, 'sha256', NEW.sha256);
    ELSIF NEW.ended = 'withdrawn' THEN
        PERFORM public.check_rota_logged(
            'release.draft-withdrawn', NEW.ended_by, NEW.ended_at, 'draft', NEW.draft_id);
    ELSIF NEW.ended = 'published' THEN
        PERFORM public.check_rota_logged('release.published', NEW.ended_by, NEW.ended_at, 'draft', NEW.draft_id);
        PERFORM public.check_rota_logged('release.published', NEW.ended_by, NEW.ended_at, 'sha256', NEW.sha256);
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER held_in_log AFTER INSERT OR UPDATE ON release_draft DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_release_draft_logged();
CREATE TRIGGER once BEFORE UPDATE ON release_draft FOR EACH ROW EXECUTE FUNCTION keep_released('ended_at');

CREATE FUNCTION check_release_signature_logged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM public.check_rota_logged('release.signed', NEW.person_id, NEW.signed_at, 'draft', NEW.draft_id);
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER held_in_log AFTER INSERT ON release_signature DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_release_signature_logged();

-- Versions count up by one; nobody publishes beside a draft.
CREATE FUNCTION check_release_metadata() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.version <> 1 + (SELECT coalesce(max(version), 0) FROM public.release_metadata WHERE role = NEW.role) THEN
        RAISE EXCEPTION 'a version of % follows the one before', NEW.role
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER follows BEFORE INSERT ON release_metadata FOR EACH ROW EXECUTE FUNCTION check_release_metadata();

CREATE FUNCTION check_release_metadata_logged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.draft_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM public.release_draft
            WHERE draft_id = NEW.draft_id AND role = NEW.role AND version = NEW.version AND ended = 'published'
              AND position(convert_to(text, 'UTF8') IN NEW.content) > 0) THEN
        RAISE EXCEPTION 'what people sign is published from its draft' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER of_its_draft AFTER INSERT ON release_metadata DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_release_metadata_logged();

-- A timestamp is of no use once the next ones are there: the last 48 are kept.
CREATE FUNCTION drop_old_timestamps() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
BEGIN
    DELETE FROM release_metadata WHERE role = 'timestamp' AND version <= NEW.version - 48;
    RETURN NULL;
END
$$;
CREATE TRIGGER last_only AFTER INSERT ON release_metadata FOR EACH ROW WHEN (NEW.role = 'timestamp')
    EXECUTE FUNCTION drop_old_timestamps();

REVOKE EXECUTE ON FUNCTION check_release_piece, check_release_piece_dropped, check_release_file_removed,
    check_release_file, check_release_file_logged, check_release_draft_logged, check_release_signature_logged, check_release_metadata, check_release_metadata_logged,
    drop_old_timestamps FROM PUBLIC;

GRANT SELECT, INSERT ON release_file, release_piece, release_draft, release_signature, release_metadata
    TO muster_controller;
GRANT DELETE ON release_file, release_piece TO muster_controller;
GRANT UPDATE (kept_by, kept_at) ON release_file TO muster_controller;
GRANT UPDATE (ended, ended_by, ended_at) ON release_draft TO muster_controller;
