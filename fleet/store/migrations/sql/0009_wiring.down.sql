DROP TABLE harness_fitting, deployment_harness, harness_revision, harness;
DROP FUNCTION check_harness_revision, check_harness_newest, check_harness_kept_logged, check_harness_given_logged,
    check_harness_fitting, check_harness_fitted_logged;
