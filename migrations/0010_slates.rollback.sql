DROP INDEX activity_recommendation;
DROP TABLE slate;
