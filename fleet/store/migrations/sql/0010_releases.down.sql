DROP TABLE release_signature, release_draft, release_metadata, release_piece, release_file;
DROP FUNCTION check_release_piece, check_release_piece_dropped, check_release_file_removed, check_release_file, check_release_file_logged,
    check_release_metadata, check_release_metadata_logged, check_release_draft_logged, check_release_signature_logged, drop_old_timestamps;
