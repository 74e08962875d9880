DROP TABLE checklist_evidence, checklist, checklist_template, readiness_certificate, visit_person, visit, kit_reservation,
    kit_maintained, unit_running, kit_reading, kit_movement, kit_item, deployment_authority, deployment_step, deployment,
    site_survey, site, kit_stock_move, kit_model, kit_place;
DROP SEQUENCE kit_item_number, deployment_number;
DROP FUNCTION check_kit_custody, check_kit_movement, check_kit_movement_logged, check_deployment_logged,
    check_deployment_step_logged, check_deployment_state, check_deployment_step, keep_released;
DROP EXTENSION btree_gist;
