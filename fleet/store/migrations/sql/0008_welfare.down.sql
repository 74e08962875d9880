DROP TABLE handover_ack, handover, welfare_answer, welfare;
DROP FUNCTION check_welfare_step, check_welfare_logged, check_welfare_answer_logged, check_handover_logged,
    check_handover_superseded, check_handover_ack, check_handover_ack_logged;
