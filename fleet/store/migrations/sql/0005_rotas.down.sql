DROP TABLE calendar_feed, compensatory_rest, work_done, call_out, wish, absence, rota_terms, rota_change, rota_turn,
    rota_plan, rota_version, rota;
DROP FUNCTION keep_rota_record, check_call_out_step, check_rota_plan_step, check_rota_change_step;
