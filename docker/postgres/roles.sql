-- Run once, by the image, when the database is made. The controller signs in as muster, who has the rights of
-- muster_controller and no others; the first migration gives that role its rights.

\set password `cat /run/secrets/database_controller`
CREATE ROLE muster_controller NOLOGIN;
CREATE ROLE muster LOGIN PASSWORD :'password' IN ROLE muster_controller;
