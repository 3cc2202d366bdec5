DROP TABLE quiet_hours, push_log, push_pause, push_jobs, push_intents;
