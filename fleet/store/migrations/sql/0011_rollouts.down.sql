DROP TABLE rollout_unit, rollout_ring, rollout;
DROP FUNCTION check_rollout_begun, refuse_what_has_happened, check_ring_step, check_rollout_step, check_rollout_logged, check_update_step,
    check_left_out, check_update_logged;
